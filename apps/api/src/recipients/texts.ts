import { preferenceTexts } from './preference-texts.js';

type Worded<T> = T extends string ? string : { readonly [N in keyof T]: Worded<T[N]> };

/** What the pages say in one language. */
export type PageTexts = Worded<(typeof texts)['nl']>;

/** What the pages say. */
export const texts = {
  nl: {
    ...preferenceTexts.nl,
    switchTo: 'English',
    switchToLabel: 'Read this page in English',
    privacy: 'Privacyverklaring',
    contact: 'Vragen? Mail ons:',
    mistakeInTitle: 'Fout:',
    savedInTitle: 'Bewaard:',
    subscribe: {
      title: 'Meld je aan',
      intro: 'Kies wat je van ons wilt ontvangen. Je krijgt daarna een mail om je aanmelding te bevestigen.',
      address: 'Je e-mailadres',
      purposes: 'Wat wil je ontvangen?',
      statementIntro: 'Met je aanmelding verklaar je:',
      send: 'Meld mij aan',
      note: 'Er verandert niets tot je op de link in de mail hebt geklikt en daar hebt bevestigd.',
      mistakes: 'Er ging iets mis',
      addressMissing: 'Vul je e-mailadres in.',
      addressMalformed: 'Vul een geldig e-mailadres in, bijvoorbeeld naam@voorbeeld.nl.',
      addressHoldsBsn: 'In dit adres lijkt een burgerservicenummer te staan, en dat mogen wij niet bewaren.',
      nothingTicked: 'Kies ten minste één onderwerp.',
      statementChanged: 'De tekst waarmee je je aanmeldt, is intussen gewijzigd. Lees hem en meld je opnieuw aan.',
    },
    subscribed: {
      title: 'Kijk in je mailbox',
      intro: 'Nog één stap: open de mail die wij sturen naar',
      next: 'Bevestig daarin je aanmelding. Tot die tijd sturen we je niets.',
      nothingYet:
        'Geen mail gekregen? Kijk ook in je spammap. Klopt het adres niet, of is er na een kwartier nog niets?',
      again: 'Vul het formulier opnieuw in',
    },
    noSubscription: {
      title: 'Aanmelden kan hier niet',
      intro: 'Er is op dit moment niets waarvoor je je hier kunt aanmelden. Mail ons als je een vraag hebt.',
    },
    unsubscribe: {
      title: 'Afmelden',
      intro: 'Wil je deze berichten niet meer ontvangen?',
      one: 'Meld mij af voor',
      oneAll: 'Meld mij af voor alle commerciële berichten',
      all: 'Meld mij af voor alle commerciële berichten',
      note: 'Je afmelding geldt meteen. Berichten over een bestelling of een vraag van jou blijf je ontvangen.',
    },
    unsubscribed: {
      title: 'Je bent afgemeld',
      one: 'Je ontvangt dit niet meer van ons:',
      all: 'Je ontvangt geen commerciële berichten meer van ons.',
      already: 'Hier was je al voor afgemeld.',
      undoIntro: 'Was dit niet de bedoeling?',
      undo: 'Maak mijn afmelding ongedaan',
      allInstead: 'Meld mij af voor alle commerciële berichten',
    },
    undone: {
      title: 'Je afmelding is ongedaan gemaakt',
      intro: 'Alles is weer zoals het was. Afmelden kan altijd via de link in ieder bericht.',
    },
    stillStopped: {
      title: 'Je bent nog afgemeld',
      intro: 'Je laatste afmelding is ongedaan gemaakt, maar een andere geldt nog. Je bent nog afgemeld voor',
    },
    confirm: {
      title: 'Bevestig je aanmelding',
      intro: 'Klik op de knop om te bevestigen dat je dit van ons wilt ontvangen:',
      statementIntro: 'Daarmee verklaar je:',
      button: 'Ja, bevestig mijn aanmelding',
      note: 'Heb je je niet aangemeld? Dan hoef je niets te doen.',
    },
    confirmed: {
      title: 'Je aanmelding is bevestigd',
      intro: 'Bedankt. Vanaf nu ontvang je van ons:',
      already: 'Dit had je al bevestigd. Je ontvangt van ons:',
      note: 'Afmelden kan altijd via de link in ieder bericht.',
    },
    overtaken: {
      title: 'Deze bevestiging geldt niet meer',
      intro:
        'Na je aanmelding is er iets gewijzigd, bijvoorbeeld omdat je je hebt afgemeld, of je hebt te lang gewacht met bevestigen. Meld je opnieuw aan als je onze berichten wilt ontvangen.',
      again: 'Meld je opnieuw aan',
    },
    reconsent: {
      titles: {
        open: 'Wil je onze berichten blijven ontvangen?',
        ended: 'De tijd om te antwoorden is voorbij',
        answered: 'Je hebt al geantwoord',
      },
      intros: {
        open: 'Kies per onderwerp. Wat je openlaat, blijft zoals het is: zonder antwoord vervalt je toestemming vanzelf.',
        ended:
          'Je toestemming geldt niet meer, dus ja zeggen kan hier niet meer. Wil je onze berichten toch ontvangen, meld je dan opnieuw aan. Nee zeggen kan altijd.',
        answered: 'Je kunt hier altijd nog nee zeggen.',
      },
      statementIntro: 'Met ‘ja’ verklaar je:',
      yes: 'Ja, blijf dit sturen',
      no: 'Nee, stuur dit niet meer',
      send: 'Leg mijn keuze vast',
      noToAll: 'Nee, stuur mij geen enkel commercieel bericht meer',
      until: 'Antwoord vóór',
      open: 'Je hebt nog niet geantwoord.',
      renewed: 'Je hebt ja gezegd.',
      stopped: 'Je bent hiervoor afgemeld.',
      ended: 'Je toestemming hiervoor geldt niet meer.',
      nothingChosen: 'Je hebt nog niets gekozen.',
      tooLate: 'Niet elk ‘ja’ kon worden vastgelegd: de tijd daarvoor is voorbij.',
      statementChanged: 'De tekst waarop je ja zegt, is intussen gewijzigd. Lees hem en kies opnieuw.',
      footnote: 'Je keuze geldt meteen. Berichten over een bestelling of een vraag van jou blijf je ontvangen.',
    },
    reconsented: {
      title: 'Je keuze is vastgelegd',
      intro: 'Bedankt. Afmelden kan altijd via de link in ieder bericht.',
    },
    unavailable: {
      title: 'Dat lukt nu even niet',
      intro: 'Door een storing kunnen we deze pagina nu niet tonen. Probeer het over een minuut opnieuw, of mail ons.',
      again: 'Probeer opnieuw',
    },
    partlySaved: {
      title: 'Nog niet alles is vastgelegd',
      intro:
        'Je afmelding is vastgelegd en geldt meteen. De rest van je keuze nog niet. Probeer dat over een minuut opnieuw, of mail ons.',
      again: 'Probeer opnieuw',
    },
    damaged: {
      title: 'Deze link werkt niet',
      intro:
        'De link is niet volledig of beschadigd. Open hem rechtstreeks vanuit het bericht, of mail ons en we regelen het voor je.',
      askLink: 'Vraag een link naar je voorkeuren',
    },
    tooMany: {
      title: 'Even wachten, alsjeblieft',
      intro:
        'Er kwamen te veel verzoeken vanaf jouw verbinding. Er is niets gewijzigd. Probeer het over een paar minuten opnieuw, of mail ons. De afmeldlink in een bericht werkt altijd.',
      again: 'Probeer opnieuw',
    },
    busy: {
      title: 'Het is nog niet gelukt',
      intro: 'We konden je keuze nu niet vastleggen. Probeer het over een minuut opnieuw, of mail ons.',
      again: 'Probeer opnieuw',
    },
  },
  en: {
    ...preferenceTexts.en,
    switchTo: 'Nederlands',
    switchToLabel: 'Lees deze pagina in het Nederlands',
    privacy: 'Privacy policy',
    contact: 'Questions? Write to us:',
    mistakeInTitle: 'Error:',
    savedInTitle: 'Saved:',
    subscribe: {
      title: 'Subscribe',
      intro: 'Choose what you want to receive from us. You will then get an email to confirm your subscription.',
      address: 'Your email address',
      purposes: 'What do you want to receive?',
      statementIntro: 'By subscribing you agree:',
      send: 'Subscribe',
      note: 'Nothing changes until you have opened the link in the email and confirmed there.',
      mistakes: 'There is a problem',
      addressMissing: 'Enter your email address.',
      addressMalformed: 'Enter a valid email address, such as name@example.com.',
      addressHoldsBsn: 'This address seems to hold a citizen service number (BSN), which we may not store.',
      nothingTicked: 'Choose at least one topic.',
      statementChanged: 'The text with which you subscribe has changed in the meantime. Read it and subscribe again.',
    },
    subscribed: {
      title: 'Check your inbox',
      intro: 'One more step: open the email that we are sending to',
      next: 'Confirm your subscription there. Until then we send you nothing.',
      nothingYet:
        'No email? Check your spam folder too. Is the address wrong, or is there still nothing after a quarter of an hour?',
      again: 'Fill in the form again',
    },
    noSubscription: {
      title: 'You cannot subscribe here',
      intro: 'There is nothing to subscribe to here at the moment. Write to us if you have a question.',
    },
    unsubscribe: {
      title: 'Unsubscribe',
      intro: 'Do you no longer want to receive these messages?',
      one: 'Unsubscribe me from',
      oneAll: 'Unsubscribe me from all commercial messages',
      all: 'Unsubscribe me from all commercial messages',
      note: 'This takes effect at once. You keep receiving messages about an order or a question of yours.',
    },
    unsubscribed: {
      title: 'You have been unsubscribed',
      one: 'You will no longer receive this from us:',
      all: 'You will no longer receive commercial messages from us.',
      already: 'You had already unsubscribed from this.',
      undoIntro: 'Was this a mistake?',
      undo: 'Undo',
      allInstead: 'Unsubscribe me from all commercial messages',
    },
    undone: {
      title: 'That has been undone',
      intro: 'Everything is as it was before. You can unsubscribe at any time through the link in every message.',
    },
    stillStopped: {
      title: 'You are still unsubscribed',
      intro: 'Your last choice to unsubscribe was undone, but another one stands. You are still unsubscribed from',
    },
    confirm: {
      title: 'Confirm your subscription',
      intro: 'Press the button to confirm that you want to receive this from us:',
      statementIntro: 'By confirming you agree:',
      button: 'Yes, confirm my subscription',
      note: 'Did you not subscribe? Then there is nothing you need to do.',
    },
    confirmed: {
      title: 'Your subscription is confirmed',
      intro: 'Thank you. From now on you will receive from us:',
      already: 'You had already confirmed this. You receive from us:',
      note: 'You can unsubscribe at any time through the link in every message.',
    },
    overtaken: {
      title: 'This confirmation is no longer valid',
      intro:
        'Something changed after you subscribed, for instance because you unsubscribed, or you waited too long to confirm. Subscribe again if you want to receive our messages.',
      again: 'Subscribe again',
    },
    reconsent: {
      titles: {
        open: 'Do you want to keep receiving our messages?',
        ended: 'The time to answer has passed',
        answered: 'You have already answered',
      },
      intros: {
        open: 'Choose for each topic. What you leave open stays as it is: without an answer your consent ends by itself.',
        ended:
          'Your consent is no longer valid, so you cannot say yes here any more. Do you want our messages after all? Then subscribe again. You can always say no.',
        answered: 'You can still say no here at any time.',
      },
      statementIntro: 'By saying yes you agree:',
      yes: 'Yes, keep sending this',
      no: 'No, stop sending this',
      send: 'Save my choice',
      noToAll: 'No, send me no commercial messages at all',
      until: 'Please answer before',
      open: 'You have not answered yet.',
      renewed: 'You said yes.',
      stopped: 'You are unsubscribed from this.',
      ended: 'Your consent to this is no longer valid.',
      nothingChosen: 'You have not chosen anything yet.',
      tooLate: 'Not every yes could be recorded: the time for it has passed.',
      statementChanged: 'The text to which you say yes has changed in the meantime. Read it and choose again.',
      footnote: 'Your choice takes effect at once. You keep receiving messages about an order or a question of yours.',
    },
    reconsented: {
      title: 'Your choice has been saved',
      intro: 'Thank you. You can unsubscribe at any time through the link in every message.',
    },
    unavailable: {
      title: 'That is not working just now',
      intro:
        'Something went wrong on our side, so we cannot show this page just now. Try again in a minute, or write to us.',
      again: 'Try again',
    },
    partlySaved: {
      title: 'Not everything has been saved yet',
      intro:
        'Your unsubscription has been saved and takes effect at once. The rest of your choice has not been saved yet. Try that again in a minute, or write to us.',
      again: 'Try again',
    },
    damaged: {
      title: 'This link does not work',
      intro:
        'The link is incomplete or damaged. Open it straight from the message, or write to us and we will arrange it for you.',
      askLink: 'Ask for a link to your preferences',
    },
    tooMany: {
      title: 'One moment, please',
      intro:
        'Too many requests came from your connection. Nothing was changed. Try again in a few minutes, or write to us. The unsubscribe link in a message always works.',
      again: 'Try again',
    },
    busy: {
      title: 'That did not work',
      intro: 'We could not save your choice just now. Try again in a minute, or write to us.',
      again: 'Try again',
    },
  },
} as const;
