import type { Occasion, ReportLanguage } from '@consent-ledger/application';
import type { ContactEventType, GroundName, Reason, RequestKind, SourceKind } from '@consent-ledger/consent';

/** What the page of an access report says. */
export interface ReportTexts {
  readonly title: string;
  readonly intro: string;
  readonly createdAt: string;
  readonly erasedAddress: string;
  readonly replaced: string;
  readonly purposes: string;
  readonly purpose: string;
  readonly allowed: string;
  readonly yes: string;
  readonly no: string;
  readonly why: string;
  readonly until: string;
  readonly noEnd: string;
  readonly history: string;
  readonly shownText: string;
  readonly through: string;
  readonly all: string;
  readonly erased: string;
  readonly nothing: string;
  readonly messages: string;
  readonly date: string;
  readonly message: string;
  readonly outcome: string;
  readonly retention: string;
  readonly requests: string;
  readonly request: string;
  readonly receivedAt: string;
  readonly answerBy: string;
  readonly disclosed: string;
  readonly toYou: string;
  readonly others: string;
  readonly storage: string;
  readonly rights: string;
  readonly rightsText: string;
  readonly complaint: string;
  readonly answers: Readonly<Record<Reason, string>>;
  readonly events: Readonly<Record<ContactEventType, string>>;
  readonly sources: Readonly<Record<SourceKind, string>>;
  readonly grounds: Readonly<Record<GroundName, string>>;
  readonly kinds: Readonly<Record<RequestKind, string>>;
  readonly statuses: Readonly<Record<'open' | 'fulfilled' | 'refused', string>>;
  readonly ownMails: Readonly<Record<Exclude<Occasion, 'mailing'>, string>>;
  readonly deliveries: Readonly<Record<string, string>>;
  readonly personal: Readonly<Record<string, string>>;
}

export const reportTexts: Readonly<Record<ReportLanguage, ReportTexts>> = {
  nl: {
    title: 'Jouw gegevens bij ons',
    intro: 'Dit is alles wat wij in verband met onze berichten van jou hebben vastgelegd.',
    createdAt: 'Opgemaakt op',
    erasedAddress: 'Gewist adres',
    replaced: 'Dit adres is vervangen door een ander adres in dit overzicht.',
    purposes: 'Waarvoor wij je mogen mailen',
    purpose: 'Bericht',
    allowed: 'Mag dit?',
    yes: 'Ja',
    no: 'Nee',
    why: 'Waarom',
    until: 'Tot',
    noEnd: 'zonder einddatum',
    history: 'Wat er is gebeurd',
    shownText: 'De tekst die je zag:',
    through: 'via',
    all: 'alle commerciële berichten',
    erased: 'De gegevens hierbij zijn gewist.',
    nothing: 'Niets vastgelegd.',
    messages: 'Berichten aan jou',
    date: 'Datum',
    message: 'Bericht',
    outcome: 'Wat ervan werd',
    retention: 'Hoe lang wij dit bewaren',
    requests: 'Verzoeken van jou',
    request: 'Verzoek',
    receivedAt: 'Ontvangen',
    answerBy: 'Antwoord uiterlijk',
    disclosed: 'Gegevens verstrekt op',
    toYou: 'aan jou',
    others: 'Wie jouw gegevens ook krijgt',
    storage: 'Waar wij dit bewaren',
    rights: 'Jouw rechten',
    rightsText:
      'Je kunt ons vragen om inzage, om correctie, beperking of verwijdering van je gegevens, en om ze over te dragen. Je kunt bezwaar maken en je altijd afmelden.',
    complaint: 'Een klacht over het gebruik van je gegevens kun je indienen bij de',
    answers: {
      ERASED: 'je gegevens zijn gewist',
      RESTRICTED: 'het gebruik van je gegevens is beperkt',
      UNDELIVERABLE: 'dit adres is niet (meer) te bereiken',
      COMPLAINED: 'je hebt ons bericht als spam gemeld',
      OPTED_OUT: 'je hebt je afgemeld',
      CONSENT: 'je gaf toestemming',
      SOFT_OPT_IN: 'je bent klant, en kon bezwaar maken',
      PENDING_CONFIRMATION: 'je aanmelding wacht op je bevestiging',
      CONSENT_LAPSED: 'je toestemming is verlopen',
      NO_RECENT_CONTACT: 'ons laatste contact is te lang geleden',
      RELATIONSHIP_ENDED: 'je bent geen klant meer',
      SOFT_OPT_IN_INCOMPLETE: 'je bent klant, maar niet aan alle voorwaarden is voldaan',
      NO_CONSENT: 'je gaf geen toestemming',
      UNKNOWN_CONTACT: 'wij kennen dit adres niet',
      SERVICE: 'hiervoor is geen toestemming nodig',
    },
    events: {
      OptedIn: 'Toestemming gegeven',
      OptInRequested: 'Aangemeld, nog niet bevestigd',
      OptInConfirmed: 'Aanmelding bevestigd',
      ConsentRenewed: 'Toestemming vernieuwd',
      ReconsentPrompted: 'Opnieuw om toestemming gevraagd',
      ReconsentReminded: 'Aan die vraag herinnerd',
      ConsentLapsed: 'Toestemming verlopen',
      EvidenceEnded: 'Opname van het gesprek verwijderd',
      OptedOut: 'Afgemeld',
      OptOutUndone: 'Afmelding ongedaan gemaakt',
      OptInTakenBack: 'Geïmporteerde aanmelding teruggenomen',
      CustomerStarted: 'Klant geworden',
      CustomerEnded: 'Overeenkomst beëindigd',
      PurchaseMade: 'Aankoop gedaan',
      ContactMade: 'Contact met ons opgenomen',
      MailBounced: 'Bericht kon niet worden bezorgd',
      SpamReported: 'Bericht als spam gemeld',
      AddressProven: 'Adres is in gebruik gebleken',
      ProcessingRestricted: 'Gebruik van gegevens beperkt',
      RestrictionLifted: 'Beperking opgeheven',
      AddressRectified: 'Adres vervangen door een ander',
      PreferencesCarriedOver: 'Voorkeuren overgenomen van een eerder adres',
      LegalHoldPlaced: 'Gegevens vastgehouden om een wettelijke reden',
      LegalHoldLifted: 'Gegevens niet langer vastgehouden',
      PersonalDataErased: 'Gegevens gewist',
    },
    sources: {
      'web-form': 'een formulier op de website',
      'preference-page': 'de voorkeurenpagina',
      'one-click': 'de afmeldknop van je mailprogramma',
      'unsubscribe-page': 'de afmeldpagina',
      mailto: 'een e-mail',
      'customer-service': 'onze klantenservice',
      paper: 'een brief of formulier op papier',
      phone: 'de telefoon',
      crm: 'onze klantenadministratie',
      import: 'een bestand',
      'mail-provider': 'de mailprovider',
      scheduler: 'het verstrijken van de tijd',
    },
    grounds: {
      consent: 'toestemming',
      'consent-proof': 'bewijs van toestemming of afmelding',
      unconfirmed: 'aanmelding die nog niet bevestigd is',
      agreement: 'overeenkomst',
      purchase: 'aankoop (fiscale bewaartermijn)',
      'sales-contact': 'contact met onze verkopers',
      inactive: 'laatste activiteit',
      'legal-hold': 'wettelijke reden',
      restriction: 'beperking van het gebruik',
    },
    kinds: {
      access: 'inzage',
      portability: 'overdracht',
      rectification: 'correctie',
      restriction: 'beperking',
      erasure: 'verwijdering',
      objection: 'bezwaar',
    },
    statuses: { open: 'in behandeling', fulfilled: 'ingewilligd', refused: 'geweigerd' },
    ownMails: {
      confirmation: 'vraag om je aanmelding te bevestigen',
      reconsent: 'vraag of je onze berichten wilt blijven ontvangen',
      preferences: 'link naar je voorkeuren',
    },
    deliveries: {
      requested: 'wacht op verzending',
      started: 'wordt verzonden',
      sent: 'verzonden',
      suppressed: 'niet verzonden',
      deferred: 'uitgesteld',
      failed: 'mislukt',
      unknown: 'onbekend of het aankwam',
    },
    personal: {
      address: 'Adres',
      reference: 'Kenmerk',
      reason: 'Reden',
      note: 'Notitie',
      ip: 'IP-adres',
      userAgent: 'Browser',
      url: 'Pagina',
      recordingRef: 'Opname',
    },
  },
  en: {
    title: 'Your data with us',
    intro: 'This is everything that we have on record about you in connection with our messages.',
    createdAt: 'Made on',
    erasedAddress: 'Erased address',
    replaced: 'This address was replaced by another one in this overview.',
    purposes: 'What we may mail you for',
    purpose: 'Message',
    allowed: 'Allowed?',
    yes: 'Yes',
    no: 'No',
    why: 'Why',
    until: 'Until',
    noEnd: 'without an end date',
    history: 'What happened',
    shownText: 'The text that you saw:',
    through: 'through',
    all: 'all commercial messages',
    erased: 'The data with this was erased.',
    nothing: 'Nothing on record.',
    messages: 'Messages to you',
    date: 'Date',
    message: 'Message',
    outcome: 'What came of it',
    retention: 'How long we keep this',
    requests: 'Requests that you made',
    request: 'Request',
    receivedAt: 'Received',
    answerBy: 'Answer due by',
    disclosed: 'Data given on',
    toYou: 'to you',
    others: 'Who else receives your data',
    storage: 'Where we keep this',
    rights: 'Your rights',
    rightsText:
      'You can ask us for access, for rectification, restriction or erasure of your data, and to have them transferred. You can object, and unsubscribe at any time.',
    complaint: 'You can complain about the use of your data to the',
    answers: {
      ERASED: 'your data was erased',
      RESTRICTED: 'the use of your data is restricted',
      UNDELIVERABLE: 'this address cannot be reached (any more)',
      COMPLAINED: 'you reported our message as spam',
      OPTED_OUT: 'you unsubscribed',
      CONSENT: 'you gave consent',
      SOFT_OPT_IN: 'you are a customer, and could object',
      PENDING_CONFIRMATION: 'your subscription waits for your confirmation',
      CONSENT_LAPSED: 'your consent has lapsed',
      NO_RECENT_CONTACT: 'our last contact was too long ago',
      RELATIONSHIP_ENDED: 'you are no longer a customer',
      SOFT_OPT_IN_INCOMPLETE: 'you are a customer, but not every condition is met',
      NO_CONSENT: 'you gave no consent',
      UNKNOWN_CONTACT: 'we do not know this address',
      SERVICE: 'this needs no consent',
    },
    events: {
      OptedIn: 'Consent given',
      OptInRequested: 'Subscribed, not confirmed yet',
      OptInConfirmed: 'Subscription confirmed',
      ConsentRenewed: 'Consent renewed',
      ReconsentPrompted: 'Asked for consent again',
      ReconsentReminded: 'Reminded of that question',
      ConsentLapsed: 'Consent lapsed',
      EvidenceEnded: 'Recording of the call deleted',
      OptedOut: 'Unsubscribed',
      OptOutUndone: 'Unsubscription undone',
      OptInTakenBack: 'Imported subscription taken back',
      CustomerStarted: 'Became a customer',
      CustomerEnded: 'Agreement ended',
      PurchaseMade: 'Made a purchase',
      ContactMade: 'Contacted us',
      MailBounced: 'A message could not be delivered',
      SpamReported: 'Reported a message as spam',
      AddressProven: 'The address proved to be in use',
      ProcessingRestricted: 'Use of the data restricted',
      RestrictionLifted: 'Restriction lifted',
      AddressRectified: 'Address replaced by another',
      PreferencesCarriedOver: 'Preferences taken over from an earlier address',
      LegalHoldPlaced: 'Data held for a legal reason',
      LegalHoldLifted: 'Data no longer held',
      PersonalDataErased: 'Data erased',
    },
    sources: {
      'web-form': 'a form on the website',
      'preference-page': 'the preference page',
      'one-click': 'the unsubscribe button of your mail program',
      'unsubscribe-page': 'the unsubscribe page',
      mailto: 'an e-mail',
      'customer-service': 'our customer service',
      paper: 'a letter or form on paper',
      phone: 'the telephone',
      crm: 'our customer administration',
      import: 'a file',
      'mail-provider': 'the mail provider',
      scheduler: 'the passing of time',
    },
    grounds: {
      consent: 'consent',
      'consent-proof': 'proof of consent or unsubscription',
      unconfirmed: 'subscription that is not confirmed yet',
      agreement: 'agreement',
      purchase: 'purchase (tax law)',
      'sales-contact': 'contact with our sales team',
      inactive: 'last activity',
      'legal-hold': 'legal reason',
      restriction: 'restricted use',
    },
    kinds: {
      access: 'access',
      portability: 'portability',
      rectification: 'rectification',
      restriction: 'restriction',
      erasure: 'erasure',
      objection: 'objection',
    },
    statuses: { open: 'being judged', fulfilled: 'granted', refused: 'refused' },
    ownMails: {
      confirmation: 'question to confirm your subscription',
      reconsent: 'question whether to go on sending you messages',
      preferences: 'link to your preferences',
    },
    deliveries: {
      requested: 'waits to be sent',
      started: 'is being sent',
      sent: 'sent',
      suppressed: 'not sent',
      deferred: 'put off',
      failed: 'failed',
      unknown: 'not known whether it arrived',
    },
    personal: {
      address: 'Address',
      reference: 'Reference',
      reason: 'Reason',
      note: 'Note',
      ip: 'IP address',
      userAgent: 'Browser',
      url: 'Page',
      recordingRef: 'Recording',
    },
  },
};
