/** What a cell may be for. */
export const rowFields = [
  'address',
  'status',
  'purposes',
  'optedInAt',
  'optedOutAt',
  'bouncedAt',
  'complainedAt',
  'statement',
  'reference',
] as const;
export type RowField = (typeof rowFields)[number];

/**
 * What a word in the status column means. `unclear` is a word that tells that an address is known and not that the person
 * opted in: the operator says what it stands for, or the row is refused (P3).
 */
export const rowStatuses = ['opted-in', 'opted-out', 'bounced', 'complained', 'pending', 'unclear', 'nothing'] as const;
export type RowStatus = (typeof rowStatuses)[number];

/** The facts about a contact that may stand in a column of their own, holding yes or no. */
export type Flag = 'optedOut' | 'bounced' | 'complained';

/** How the columns and words of one kind of file are read. Names of columns are compared without regard to case. */
export interface ImportMapping {
  /** The columns of each field, the best first: the first that a row fills in counts. */
  readonly columns: Readonly<Partial<Record<RowField, readonly string[]>>>;
  /** The words of the status column in lower case. */
  readonly statuses: Readonly<Record<string, RowStatus>>;
  /** What a row is that bears no status, no date and no flag. */
  readonly unmarked: 'opted-in' | 'nothing';
  readonly flags?: Readonly<Partial<Record<Flag, readonly string[]>>>;
  /** A column that begins so holds yes for who opted out of what the rest of its name says. */
  readonly optedOutOf?: string;
  /** P3: a row is an opt-in only where this column holds this text. */
  readonly consent?: { readonly column: string; readonly holds: string };
  /** Whether a cell may begin with an apostrophe that keeps a spreadsheet from computing it. */
  readonly escapesFormulas?: true;
}

const words: ImportMapping['statuses'] = {
  subscribed: 'opted-in',
  'opted-in': 'opted-in',
  'opted in': 'opted-in',
  confirmed: 'opted-in',
  unsubscribed: 'opted-out',
  'opted-out': 'opted-out',
  'opted out': 'opted-out',
  blocklisted: 'opted-out',
  blacklisted: 'opted-out',
  cleaned: 'bounced',
  bounced: 'bounced',
  complained: 'complained',
  spam: 'complained',
  pending: 'pending',
  unconfirmed: 'pending',
  active: 'unclear',
  enabled: 'unclear',
  nonsubscribed: 'nothing',
  'non-subscribed': 'nothing',
};

/** The exports that are read without a word of explanation; `csv` is any other file, whose columns the operator names. */
export const importPresets = {
  csv: { columns: {}, statuses: words, unmarked: 'opted-in' },

  /**
   * An audience comes as three files; that of who unsubscribed has UNSUB_TIME, that of who bounced CLEAN_TIME. Who has no
   * OPTIN_TIME was added by somebody else: CONFIRM_TIME is then the moment of that, and no act of the person.
   */
  mailchimp: {
    columns: {
      address: ['Email Address', 'Email'],
      status: ['Status'],
      optedInAt: ['OPTIN_TIME'],
      optedOutAt: ['UNSUB_TIME'],
      bouncedAt: ['CLEAN_TIME'],
    },
    statuses: words,
    unmarked: 'opted-in',
  },

  /** Contacts, or the export of unsubscribes and bounces. It has no date of consent: "Create Date" is when a record was made. */
  hubspot: {
    columns: { address: ['Email', 'Email Address'] },
    statuses: words,
    unmarked: 'opted-in',
    flags: {
      optedOut: ['Unsubscribed from all email', 'Portal Unsubscribe'],
      bounced: ['Invalid email address', 'Portal Bounce', 'Global Bounce'],
      complained: ['Portal Spam Report'],
    },
    optedOutOf: 'Opted out of email: ',
    consent: { column: "Legal basis for processing contact's data", holds: 'Freely given consent from contact' },
  },

  /** `enabled` is the state of the subscriber and not of a subscription: who left every list is still enabled. */
  listmonk: {
    columns: {
      address: ['email'],
      status: ['status'],
      optedInAt: ['created_at'],
      optedOutAt: ['updated_at'],
    },
    statuses: { ...words, disabled: 'opted-out' },
    unmarked: 'nothing',
  },

  /** What `ledger export` writes. */
  'consent-ledger': {
    columns: {
      address: ['address'],
      purposes: ['purpose'],
      optedInAt: ['opted_in_at'],
      optedOutAt: ['opted_out_at'],
      bouncedAt: ['bounced_at'],
      complainedAt: ['complained_at'],
      statement: ['statement'],
    },
    statuses: {},
    unmarked: 'nothing',
    escapesFormulas: true,
  },
} as const satisfies Record<string, ImportMapping>;

export type ImportPreset = keyof typeof importPresets;
export const importPresetNames = Object.keys(importPresets) as readonly ImportPreset[];

/** What the operator adds to a preset: columns by field, and what words of the status column mean. */
export interface MappingChanges {
  readonly columns?: Readonly<Partial<Record<RowField, string>>>;
  readonly statuses?: Readonly<Record<string, RowStatus>>;
}

/** The mapping of a preset with the operator's changes, which go before what the preset says. */
export function mappingOf(preset: ImportPreset, { columns = {}, statuses = {} }: MappingChanges): ImportMapping {
  const mapping: ImportMapping = importPresets[preset];
  const named = Object.entries(columns).map(([field, column]) => [field, [column]] as const);
  const meant = Object.entries(statuses).map(([word, status]) => [word.trim().toLowerCase(), status] as const);
  return {
    ...mapping,
    columns: { ...mapping.columns, ...Object.fromEntries(named) },
    statuses: { ...mapping.statuses, ...Object.fromEntries(meant) },
  };
}
