import { compilePolicy, type PolicyDocument, type PurposeDocument } from './policy.js';

const text = { nl: 'Tekst', en: 'Text' };
const hashes = { nl: 'aa'.repeat(32), en: 'bb'.repeat(32) };
const controller = {
  name: 'Example BV',
  postalAddress: 'Example Street 1',
  email: 'privacy@example.org',
  privacyPolicyUrl: 'https://example.org/privacy',
};

function commercial(consent?: PurposeDocument['consent']): PurposeDocument {
  return { kind: 'commercial', name: text, description: text, ...(consent && { consent }) };
}

const service: PurposeDocument = { kind: 'operational', name: text, description: text };
const threeYears = { renewAfter: 'P3Y', answerWindow: 'P30D', reminderAfter: 'P14D' };

/** The figures of the policy that ships, policies/dnp-giftcard.yaml; a test keeps the two alike. */
export const giftcardDocument: PolicyDocument = {
  id: 'dnp-giftcard',
  version: 1,
  inForceFrom: '2018-05-25T00:00:00+02:00',
  timeZone: 'Europe/Amsterdam',
  controller,
  purposes: {
    newsletter: commercial(threeYears),
    'event-invitation': commercial(threeYears),
    'personalised-message': commercial(threeYears),
    'sales-contact': commercial({ afterLastContact: 'P12M', movedBy: ['contact', 'purchase'] }),
    service,
  },
  softOptIn: {
    purposes: ['newsletter', 'event-invitation'],
    conditions: ['informedAtCollection', 'optOutOffered', 'similarProducts'],
    holdsAfterEnd: 'P12M',
  },
  serviceMail: { whenRestricted: 'deny' },
  sameActWithin: 'PT5M',
  statements: [
    {
      id: 'signup-form',
      version: 1,
      covers: ['newsletter', 'event-invitation', 'personalised-message', 'sales-contact'],
      texts: text,
      hashes,
    },
    {
      id: 'reconsent',
      version: 1,
      covers: ['newsletter', 'event-invitation', 'personalised-message', 'sales-contact'],
      texts: text,
      hashes,
    },
  ],
  reconsent: { statement: 'reconsent' },
  retention: {
    consentProof: { period: 'P2Y', from: 'ended' },
    agreementEnded: 'P12M',
    purchase: 'P7Y',
    salesContact: 'P12M',
    inactive: 'P7Y',
    recording: 'P30D',
  },
  rights: {
    answerWithin: 'P1M',
    extendableBy: 'P2M',
    restrictsWhileJudged: ['restriction', 'objection', 'rectification'],
    refusalGrounds: { 'unreasonably-often': text, 'identity-not-established': text },
    authority: { name: 'The Authority', url: 'https://authority.example' },
    jurisdiction: 'NL',
    storageLocations: ['NL'],
    recipients: [text],
  },
};

/**
 * A policy of another shape: other purposes, figures and zone; one purpose whose consent may end in each of three ways;
 * one that holds until withdrawn, save for P7's `from: given`; one that was commercial before and is operational now.
 */
export const harbourDocument: PolicyDocument = {
  ...giftcardDocument,
  id: 'harbour-club',
  version: 7,
  inForceFrom: '2021-03-14T00:00:00-05:00',
  timeZone: 'America/New_York',
  purposes: {
    newsletter: commercial({
      renewAfter: 'P1Y',
      answerWindow: 'P7D',
      afterLastContact: 'P6M',
      movedBy: ['contact', 'customer-started'],
    }),
    'event-invitation': commercial(),
    survey: commercial({ renewAfter: 'P18M' }),
    'sales-contact': service,
    service,
  },
  softOptIn: {
    purposes: ['newsletter', 'survey'],
    conditions: ['optOutOffered', 'memberOfClub'],
    holdsAfterEnd: 'P3M',
  },
  serviceMail: { whenRestricted: 'allow' },
  sameActWithin: 'PT1H',
  statements: [{ id: 'membership', version: 3, covers: ['newsletter', 'survey'], texts: text, hashes }],
  reconsent: { statement: 'membership' },
  retention: {
    ...giftcardDocument.retention,
    consentProof: { period: 'P2Y', from: 'given' },
    unconfirmed: 'P7D',
    recording: 'P14D',
  },
};

const { softOptIn: _none, ...giftcardWithoutSoftOptIn } = giftcardDocument;

/**
 * A third shape: clocks of renewal that start at the last contact, prompts before the end in place of a window after it,
 * and no soft opt-in at all.
 */
export const orchardDocument: PolicyDocument = {
  ...giftcardWithoutSoftOptIn,
  id: 'orchard-letters',
  version: 2,
  inForceFrom: '2020-06-01T00:00:00-04:00',
  timeZone: 'America/New_York',
  purposes: {
    newsletter: commercial({
      renewAfter: 'P3Y',
      renewFrom: 'last-contact',
      promptBefore: 'P30D',
      reminderAfter: 'P14D',
      movedBy: ['contact', 'purchase'],
    }),
    'event-invitation': commercial({
      renewAfter: 'P1Y',
      renewFrom: 'last-contact',
      answerWindow: 'P7D',
      afterLastContact: 'P18M',
      movedBy: ['customer-started'],
    }),
    survey: commercial({ renewAfter: 'P6M', promptBefore: 'P1M' }),
    service,
  },
  statements: [
    { id: 'letters', version: 1, covers: ['newsletter', 'event-invitation', 'survey'], texts: text, hashes },
  ],
  reconsent: { statement: 'letters' },
};

export const giftcard = compilePolicy(giftcardDocument);
export const harbour = compilePolicy(harbourDocument);
export const orchard = compilePolicy(orchardDocument);
