/** What the pages say. `{purpose}` is a commercial purpose as the policy calls it. */
export const texts = {
  nl: {
    switchTo: 'English',
    switchToLabel: 'Read this page in English',
    privacy: 'Privacyverklaring',
    contact: 'Vragen? Mail ons:',
    unsubscribe: {
      title: 'Afmelden',
      intro: 'Wil je deze berichten niet meer ontvangen?',
      one: 'Meld mij af voor:',
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
    confirm: {
      title: 'Bevestig je aanmelding',
      intro: 'Klik op de knop om te bevestigen dat je onze berichten wilt ontvangen.',
      button: 'Ja, bevestig mijn aanmelding',
      note: 'Heb je je niet aangemeld? Dan hoef je niets te doen.',
    },
    confirmed: {
      title: 'Je aanmelding is bevestigd',
      intro: 'Bedankt. Afmelden kan altijd via de link in ieder bericht.',
    },
    overtaken: {
      title: 'Deze bevestiging geldt niet meer',
      intro:
        'Na je aanmelding is er iets gewijzigd, bijvoorbeeld omdat je je hebt afgemeld. Meld je opnieuw aan als je onze berichten wilt ontvangen.',
    },
    reconsent: {
      titles: {
        open: 'Wil je onze berichten blijven ontvangen?',
        ended: 'De tijd om te antwoorden is voorbij',
        answered: 'Je hebt al geantwoord',
      },
      intros: {
        open: 'Kies per onderwerp. Wat je openlaat blijft zoals het is: zonder antwoord vervalt je toestemming vanzelf.',
        ended:
          'Je toestemming geldt niet meer, dus een ja kan hier niet meer worden vastgelegd. Wil je onze berichten toch ontvangen, meld je dan opnieuw aan. Nee zeggen kan altijd.',
        answered: 'Je kunt hier altijd nog nee zeggen.',
      },
      statementIntro: 'Met een ja zeg je:',
      yes: 'Ja, blijf dit sturen',
      no: 'Nee, stuur dit niet meer',
      send: 'Leg mijn keuze vast',
      noToAll: 'Nee, stuur mij geen enkel commercieel bericht meer',
      until: 'Jouw antwoord telt vóór',
      open: 'Je hebt nog niet geantwoord.',
      renewed: 'Je hebt ja gezegd.',
      stopped: 'Je bent hiervoor afgemeld.',
      ended: 'Je toestemming hiervoor geldt niet meer.',
      nothingChosen: 'Je hebt nog niets gekozen.',
      tooLate: 'Niet elke ja kon worden vastgelegd: daarvoor is de tijd voorbij.',
      statementChanged: 'De tekst waarop je ja zegt is intussen gewijzigd. Lees hem en kies opnieuw.',
      footnote: 'Je keuze geldt meteen. Berichten over een bestelling of een vraag van jou blijf je ontvangen.',
    },
    reconsented: {
      title: 'Je keuze is vastgelegd',
      intro: 'Bedankt. Afmelden kan altijd via de link in ieder bericht.',
    },
    damaged: {
      title: 'Deze link werkt niet',
      intro:
        'De link is niet volledig of beschadigd. Open hem rechtstreeks vanuit het bericht, of mail ons en we regelen het voor je.',
    },
    busy: {
      title: 'Het is nog niet gelukt',
      intro: 'We konden je keuze nu niet vastleggen. Probeer het over een minuut opnieuw, of mail ons.',
    },
  },
  en: {
    switchTo: 'Nederlands',
    switchToLabel: 'Lees deze pagina in het Nederlands',
    privacy: 'Privacy policy',
    contact: 'Questions? Write to us:',
    unsubscribe: {
      title: 'Unsubscribe',
      intro: 'Do you no longer want to receive these messages?',
      one: 'Unsubscribe me from:',
      oneAll: 'Unsubscribe me from all commercial messages',
      all: 'Unsubscribe me from all commercial messages',
      note: 'This takes effect at once. You keep receiving messages about an order or a question of yours.',
    },
    unsubscribed: {
      title: 'You are unsubscribed',
      one: 'You will no longer receive this from us:',
      all: 'You will no longer receive commercial messages from us.',
      already: 'You were unsubscribed from this already.',
      undoIntro: 'Was this a mistake?',
      undo: 'Undo my unsubscription',
      allInstead: 'Unsubscribe me from all commercial messages',
    },
    undone: {
      title: 'Your unsubscription is undone',
      intro: 'Everything is as it was before. You can unsubscribe at any time through the link in every message.',
    },
    confirm: {
      title: 'Confirm your subscription',
      intro: 'Press the button to confirm that you want to receive our messages.',
      button: 'Yes, confirm my subscription',
      note: 'Did you not subscribe? Then you need not do anything.',
    },
    confirmed: {
      title: 'Your subscription is confirmed',
      intro: 'Thank you. You can unsubscribe at any time through the link in every message.',
    },
    overtaken: {
      title: 'This confirmation no longer counts',
      intro:
        'Something changed after you subscribed, for instance because you unsubscribed. Subscribe again if you want to receive our messages.',
    },
    reconsent: {
      titles: {
        open: 'Do you want to keep receiving our messages?',
        ended: 'The time to answer has passed',
        answered: 'You have answered already',
      },
      intros: {
        open: 'Choose for each subject. What you leave open stays as it is: without an answer your consent ends by itself.',
        ended:
          'Your consent no longer counts, so a yes cannot be recorded here any more. Do you want our messages after all? Then subscribe again. You can always say no.',
        answered: 'You can still say no here at any time.',
      },
      statementIntro: 'With a yes you say:',
      yes: 'Yes, keep sending this',
      no: 'No, stop sending this',
      send: 'Record my choice',
      noToAll: 'No, send me no commercial messages at all',
      until: 'Your answer counts before',
      open: 'You have not answered yet.',
      renewed: 'You said yes.',
      stopped: 'You are unsubscribed from this.',
      ended: 'Your consent to this no longer counts.',
      nothingChosen: 'You have not chosen anything yet.',
      tooLate: 'Not every yes could be recorded: the time for it has passed.',
      statementChanged: 'The text to which you say yes has changed meanwhile. Read it and choose again.',
      footnote: 'Your choice takes effect at once. You keep receiving messages about an order or a question of yours.',
    },
    reconsented: {
      title: 'Your choice is recorded',
      intro: 'Thank you. You can unsubscribe at any time through the link in every message.',
    },
    damaged: {
      title: 'This link does not work',
      intro:
        'The link is incomplete or damaged. Open it straight from the message, or write to us and we will arrange it for you.',
    },
    busy: {
      title: 'It did not work yet',
      intro: 'We could not record your choice just now. Try again in a minute, or write to us.',
    },
  },
} as const;
