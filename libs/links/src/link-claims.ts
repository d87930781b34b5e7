/** Everything that a signed link means; nothing in it names a person. */
export type LinkClaims =
  | {
      /** Opts out of a purpose, or of all commercial mail with `all`. Never expires: it can only ever remove. */
      readonly kind: 'unsubscribe';
      readonly contactId: string;
      readonly purpose: string;
      /** What the message was about besides; the link stops exactly what the message asked about. */
      readonly furtherPurposes?: readonly string[];
      /** The mailing that the link was sent in. */
      readonly mailing?: string;
    }
  | {
      /** Takes back one opt-out, for as long as the page that offers it lasts. */
      readonly kind: 'undo';
      readonly contactId: string;
      readonly optOutId: string;
      readonly purpose: string;
      readonly mailing?: string;
      /** Epoch milliseconds, exclusive. */
      readonly expiresAt: number;
    }
  | {
      /** Confirms an opt-in that was asked for by double opt-in. */
      readonly kind: 'confirm';
      readonly contactId: string;
      readonly requestId: string;
    }
  | {
      /** Answers a re-consent prompt, by the id of its event. Never expires: a no always works, and a yes is judged. */
      readonly kind: 'reconsent';
      readonly contactId: string;
      readonly promptId: string;
    }
  | {
      /** Opens the preference page of a contact. Short-lived, and mailed on request: forwarded mails and archives leak links. */
      readonly kind: 'preferences';
      readonly contactId: string;
      /** Epoch milliseconds, exclusive. */
      readonly expiresAt: number;
    };

export type LinkKind = LinkClaims['kind'];
/** The kinds that stand in mails as a URL; the others are fields of a form on a page. */
export type MailedKind = Exclude<LinkKind, 'undo'>;
export type ClaimsOf<K extends LinkKind> = Extract<LinkClaims, { kind: K }>;

type EveryClaim<C> = C extends unknown ? Exclude<keyof C, 'kind'> : never;
type ClaimName = EveryClaim<LinkClaims>;

/** How each claim is written in a token, short since mail clients break long links, and what it may hold. */
const CLAIMS: Record<ClaimName, { readonly short: string; isValid(value: unknown): boolean }> = {
  contactId: { short: 'c', isValid: isReference },
  purpose: { short: 'p', isValid: isReference },
  furtherPurposes: { short: 'f', isValid: isListOfReferences },
  mailing: { short: 'm', isValid: isReference },
  optOutId: { short: 'o', isValid: isReference },
  requestId: { short: 'r', isValid: isReference },
  promptId: { short: 'q', isValid: isReference },
  expiresAt: { short: 'x', isValid: Number.isSafeInteger },
};

type LinkForm<C> = { readonly [N in EveryClaim<C>]-?: object extends Pick<C, N> ? 'optional' : 'required' };

/** The claims that each kind of link bears. */
const FORMS: { readonly [K in LinkKind]: LinkForm<ClaimsOf<K>> } = {
  unsubscribe: { contactId: 'required', purpose: 'required', furtherPurposes: 'optional', mailing: 'optional' },
  undo: {
    contactId: 'required',
    optOutId: 'required',
    purpose: 'required',
    mailing: 'optional',
    expiresAt: 'required',
  },
  confirm: { contactId: 'required', requestId: 'required' },
  reconsent: { contactId: 'required', promptId: 'required' },
  preferences: { contactId: 'required', expiresAt: 'required' },
};

/** A claim cannot stand in a link; the message says what can, and never repeats it. */
export class InvalidClaim extends Error {
  readonly code = 'INVALID_CLAIM';
  constructor(readonly claim: string) {
    super(
      `The claim "${claim}" of a link is missing or out of bounds: text has at most ${MAX_REFERENCE_LENGTH} characters without spaces or "@", an instant is a whole number.`,
    );
  }
}

/** What an unsubscribe link stops: `all` commercial mail, or these purposes. */
export function stoppedBy({ purpose, furtherPurposes = [] }: ClaimsOf<'unsubscribe'>): readonly string[] | 'all' {
  return purpose === 'all' ? 'all' : [purpose, ...furtherPurposes];
}

/** Four claims of this length, at four octets a character, still fit into a token. */
const MAX_REFERENCE_LENGTH = 64;
/** What still fits beside three claims of that length. */
const MAX_LIST_BYTES = 600;
/** A name or id chosen by the service's own configuration or callers; never an address. */
const REFERENCE = new RegExp(`^[^\\s@\\p{C}]{1,${MAX_REFERENCE_LENGTH}}$`, 'u');

function isReference(value: unknown): boolean {
  return typeof value === 'string' && REFERENCE.test(value);
}

function isListOfReferences(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isReference)) return false;
  return Buffer.byteLength(JSON.stringify(value)) <= MAX_LIST_BYTES;
}

/** The claims as a token holds them. Throws `InvalidClaim` when one is missing or out of bounds. */
export function packClaims(claims: LinkClaims): Record<string, unknown> {
  const packed: Record<string, unknown> = {};
  for (const [name, value] of readClaims(claims.kind, (name) => (claims as Record<string, unknown>)[name]))
    packed[CLAIMS[name].short] = value;
  return packed;
}

/** The claims of a kind from what a token holds. Throws `InvalidClaim` when one is missing or out of bounds. */
export function unpackClaims<K extends LinkKind>(kind: K, packed: Record<string, unknown>): ClaimsOf<K> {
  const claims = readClaims(kind, (name) => packed[CLAIMS[name].short]);
  return { kind, ...Object.fromEntries(claims) } as unknown as ClaimsOf<K>;
}

function readClaims(kind: LinkKind, valueOf: (name: ClaimName) => unknown): [ClaimName, unknown][] {
  const read: [ClaimName, unknown][] = [];
  for (const [name, presence] of Object.entries(FORMS[kind]) as [ClaimName, 'required' | 'optional'][]) {
    const value = valueOf(name);
    if (value === undefined && presence === 'optional') continue;
    if (!CLAIMS[name].isValid(value)) throw new InvalidClaim(name);
    read.push([name, value]);
  }
  return read;
}
