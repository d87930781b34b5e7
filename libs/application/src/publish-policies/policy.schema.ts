const period = { type: 'string', pattern: '^P\\d' };
const texts = { type: 'object', minProperties: 1, additionalProperties: { type: 'string', minLength: 1 } };
const name = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' };
const country = { type: 'string', pattern: '^[A-Z]{2}$' };
const names = { type: 'array', items: name, uniqueItems: true };

const closed = (properties: Record<string, unknown>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((property) => !optional.includes(property)),
  additionalProperties: false,
});

const consent = closed(
  {
    renewAfter: period,
    renewFrom: { enum: ['given', 'last-contact'] },
    answerWindow: period,
    promptBefore: period,
    reminderAfter: period,
    afterLastContact: period,
    movedBy: { type: 'array', items: { enum: ['contact', 'purchase', 'customer-started'] }, uniqueItems: true },
  },
  ['renewAfter', 'renewFrom', 'answerWindow', 'promptBefore', 'reminderAfter', 'afterLastContact', 'movedBy'],
);

/** The shape of a policy file (JSON Schema 2020-12); what names mean to each other is for `checkPolicy`. */
export const policySchema = closed(
  {
    id: name,
    version: { type: 'integer', minimum: 1 },
    inForceFrom: { type: 'string' },
    timeZone: { type: 'string' },
    controller: closed({
      name: { type: 'string', minLength: 1 },
      postalAddress: { type: 'string', minLength: 1 },
      email: { type: 'string', pattern: '^[^@\\s]+@[^@\\s]+$' },
      privacyPolicyUrl: { type: 'string', pattern: '^https?://' },
    }),
    purposes: {
      type: 'object',
      minProperties: 1,
      propertyNames: name,
      additionalProperties: closed(
        { kind: { enum: ['commercial', 'operational'] }, name: texts, description: texts, consent },
        ['consent'],
      ),
    },
    softOptIn: closed({
      purposes: names,
      conditions: { type: 'array', items: { enum: ['informedAtCollection', 'optOutOffered', 'similarProducts'] } },
      holdsAfterEnd: period,
    }),
    serviceMail: closed({ whenRestricted: { enum: ['allow', 'deny'] } }),
    sameActWithin: { type: 'string', pattern: '^PT\\d' },
    statements: {
      type: 'array',
      items: closed({ id: name, version: { type: 'integer', minimum: 1 }, covers: names, texts }),
    },
    reconsent: closed({ statement: name }),
    subscribe: closed({ statement: name }),
    retention: closed(
      {
        consentProof: closed({ period, from: { enum: ['ended', 'given'] } }),
        unconfirmed: period,
        agreementEnded: period,
        purchase: period,
        salesContact: period,
        inactive: period,
        recording: period,
      },
      ['unconfirmed'],
    ),
    rights: closed({
      answerWithin: period,
      extendableBy: period,
      restrictsWhileJudged: names,
      refusalGrounds: { type: 'object', propertyNames: name, additionalProperties: texts },
      authority: closed({ name: { type: 'string', minLength: 1 }, url: { type: 'string', pattern: '^https://' } }),
      jurisdiction: country,
      storageLocations: { type: 'array', items: country, minItems: 1, uniqueItems: true },
      recipients: { type: 'array', items: texts },
    }),
  },
  ['softOptIn', 'reconsent', 'subscribe', 'rights'],
);
