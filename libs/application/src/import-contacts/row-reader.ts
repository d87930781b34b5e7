import { holdsCitizenServiceNumber, type Instant } from '@consent-ledger/consent';
import { validationProblem } from '@consent-ledger/platform';
import { InvalidAddress, normaliseAddress } from '@consent-ledger/privacy';
import type { Flag, ImportMapping, RowField, RowStatus } from './import-mapping.js';
import { createDateReader } from './row-date.js';

/** The statement of an opt-in, as the policy knows it. */
export interface StatementName {
  readonly id: string;
  readonly version: number;
  readonly language: string;
}

/** One thing that a row says of a contact. What happened without a date happened, at the latest, when it is imported. */
export type RowFact =
  | {
      readonly kind: 'opt-in';
      readonly purposes: readonly string[];
      readonly statement: StatementName;
      readonly occurredAt: Instant;
    }
  | {
      readonly kind: 'opt-out';
      readonly purposes: readonly string[] | 'all';
      readonly occurredAt: Instant | undefined;
    }
  | { readonly kind: 'bounced'; readonly occurredAt: Instant | undefined }
  | { readonly kind: 'complained'; readonly occurredAt: Instant | undefined };

/** Why something that a row says is not recorded. `reason` tells what to do, and repeats nothing of the row. */
export interface RowRefusal {
  /** The line of the file at which the row ends; the header is line 1. */
  readonly line: number;
  readonly field?: RowField;
  readonly code: string;
  readonly reason: string;
}

/** What a row says; a row may say several things, and some may be refused while others count. */
export interface ReadRow {
  readonly line: number;
  /** In normal form; absent where the row has none, and then it says nothing. */
  readonly address?: string;
  readonly reference?: string;
  readonly facts: readonly RowFact[];
  readonly refusals: readonly RowRefusal[];
}

/** How rows are read, and what they mean where they do not say. */
export interface RowRules {
  readonly mapping: ImportMapping;
  /** The purposes of an opt-in whose row names none. */
  readonly purposes: readonly string[];
  /** What a row opts out of that names no purpose. */
  readonly optOutOf: readonly string[] | 'all';
  /** The purpose that a name in the file stands for, by that name in lower case; `null` stands for none. */
  readonly purposeNames: Readonly<Record<string, string | null>>;
  readonly statement: StatementName | undefined;
  /** When that happened which bears no date. */
  readonly occurredAt: Instant | undefined;
  /** The IANA zone of dates that name no offset. */
  readonly timeZone: string;
  /** A later date is one of the future. */
  readonly latest: Instant;
}

export type RowReader = (cells: readonly string[], line: number) => ReadRow;

const YES = new Set(['true', 'yes', 'y', '1', 'ja']);
const LONGEST_CELL = 4096;
const STATEMENT = /^([^@\s]+)@(\d{1,9}):([A-Za-z]{2,3}(?:-[A-Za-z\d]+)*)$/;

/** Reads the name of a statement, `signup-form@1:nl`; `undefined` when the text is not one. */
export function parseStatementName(text: string): StatementName | undefined {
  const [, id, version, language] = STATEMENT.exec(text.trim()) ?? [];
  return id === undefined ? undefined : { id, version: Number(version), language: language! };
}

/**
 * Makes the reader of the rows under a header. A row that cannot be read is refused with its reasons, never guessed at
 * (P3); who opted out is taken at that even where the row is flawed otherwise (P4). Throws the problem `VALIDATION` for a
 * header that lacks a column that is needed, or has one twice.
 */
export function createRowReader(header: readonly string[], rules: RowRules): RowReader {
  const columns = findColumns(header, rules);
  const dateOf = createDateReader(rules.timeZone);
  return (cells, line) => {
    const row = new Row(cells, line, columns, rules, dateOf);
    if (cells.length !== header.length)
      return row.refused('RAGGED', `It has ${cells.length} cells, and the header ${header.length}.`);
    return row.read();
  };
}

/** Where in a row the cells stand. */
interface Columns {
  readonly fields: Readonly<Partial<Record<RowField, readonly number[]>>>;
  readonly flags: Readonly<Record<Flag, readonly number[]>>;
  readonly optedOutOf: readonly { readonly index: number; readonly purpose: string }[];
  readonly consent: number | undefined;
}

function findColumns(header: readonly string[], { mapping, purposeNames }: RowRules): Columns {
  const names = header.map((name) => name.trim().toLowerCase());
  const faults: { field: string; message: string }[] = [];
  const indexOf = (wanted: string): number[] => {
    const name = wanted.trim().toLowerCase();
    const index = names.indexOf(name);
    if (index !== names.lastIndexOf(name)) faults.push({ field: wanted, message: 'stands in the header twice' });
    return index === -1 ? [] : [index];
  };
  const fields = Object.fromEntries(
    Object.entries(mapping.columns).map(([field, wanted]) => [field, wanted.flatMap(indexOf)]),
  ) as Columns['fields'];
  if (!fields.address?.length) faults.push({ field: 'address', message: missingAddress(mapping) });

  const flagsOf = (flag: Flag) => (mapping.flags?.[flag] ?? []).flatMap(indexOf);
  const optedOutOf = optOutColumns(names, mapping).flatMap(({ index, name }) => {
    const purpose = Object.hasOwn(purposeNames, name) ? purposeNames[name] : undefined;
    if (purpose === undefined) faults.push({ field: header[index]!.trim(), message: unnamedPurpose(name) });
    return typeof purpose === 'string' ? [{ index, purpose }] : [];
  });
  if (faults.length > 0) throw validationProblem(faults);
  return {
    fields,
    flags: { optedOut: flagsOf('optedOut'), bounced: flagsOf('bounced'), complained: flagsOf('complained') },
    optedOutOf,
    consent: mapping.consent && indexOf(mapping.consent.column)[0],
  };
}

function optOutColumns(names: readonly string[], { optedOutOf }: ImportMapping) {
  if (optedOutOf === undefined) return [];
  const prefix = optedOutOf.toLowerCase();
  return names.flatMap((name, index) =>
    name.startsWith(prefix) ? [{ index, name: name.slice(prefix.length).trim() }] : [],
  );
}

function missingAddress({ columns }: ImportMapping): string {
  const wanted = columns.address?.map((name) => `"${name}"`).join(' or ');
  return wanted ? `the header has no column ${wanted}` : 'say which column holds the address: address=<column>';
}

function unnamedPurpose(name: string): string {
  return `say which purpose "${name}" is, or that it is none: ${name}=<purpose> or ${name}=`;
}

/** One row while it is read. */
class Row {
  readonly #facts: RowFact[] = [];
  readonly #refusals: RowRefusal[] = [];

  constructor(
    private readonly cells: readonly string[],
    private readonly line: number,
    private readonly columns: Columns,
    private readonly rules: RowRules,
    private readonly dateOf: (text: string) => Instant | undefined,
  ) {}

  read(): ReadRow {
    const address = this.#address();
    if (address === undefined) return this.#result();
    const status = this.#status();
    if (status !== undefined) this.#settle(status);
    const reference = this.#reference();
    return { address, ...(reference !== undefined && { reference }), ...this.#result() };
  }

  refused(code: string, reason: string, field?: RowField): ReadRow {
    this.#refuse(code, reason, field);
    return this.#result();
  }

  #result(): Omit<ReadRow, 'address' | 'reference'> {
    return { line: this.line, facts: this.#facts, refusals: this.#refusals };
  }

  #refuse(code: string, reason: string, field?: RowField): undefined {
    this.#refusals.push({ line: this.line, ...(field && { field }), code, reason });
  }

  #address(): string | undefined {
    const text = this.#textOf('address');
    if (text === undefined) return this.#refuse('NO_ADDRESS', 'It has no address.', 'address');
    try {
      return normaliseAddress(this.rules.mapping.escapesFormulas ? text.replace(/^'(?=[=+\-@])/, '') : text);
    } catch (error) {
      if (!(error instanceof InvalidAddress)) throw error;
      return this.#refuse(error.code, error.message, 'address');
    }
  }

  /** What the row says by a word, or else by the dates that it bears: the strictest counts. */
  #status(): RowStatus | undefined {
    const { mapping } = this.rules;
    const word = this.#textOf('status');
    if (word !== undefined) {
      const status = mapping.statuses[word.toLowerCase()];
      if (status !== undefined && Object.hasOwn(mapping.statuses, word.toLowerCase())) return status;
      return this.#refuse('UNKNOWN_STATUS', 'Its status is a word of no known meaning: say what it means.', 'status');
    }
    if (this.#has('complainedAt')) return 'complained';
    if (this.#has('optedOutAt')) return 'opted-out';
    if (this.#has('bouncedAt')) return 'bounced';
    if (this.#has('optedInAt')) return 'opted-in';
    return this.#isFlagged() ? 'nothing' : mapping.unmarked;
  }

  #settle(status: RowStatus): void {
    const optedOut = this.#optOuts(status);
    if (status === 'bounced' || this.#has('bouncedAt') || this.#flag('bounced'))
      this.#facts.push({ kind: 'bounced', occurredAt: this.#pastDate('bouncedAt') });
    const complained = status === 'complained' || this.#has('complainedAt') || this.#flag('complained');
    if (complained) this.#facts.push({ kind: 'complained', occurredAt: this.#pastDate('complainedAt') });
    if (status === 'pending') this.#refuse('PENDING', 'The person has not confirmed the opt-in (P3).', 'status');
    if (status === 'unclear') this.#refuse('STATUS_UNCLEAR', unclear, 'status');
    if (status === 'opted-in' && optedOut !== 'all' && !complained) this.#optIn(optedOut);
  }

  /** Records what the person opted out of, and answers it. */
  #optOuts(status: RowStatus): readonly string[] | 'all' {
    if (status === 'opted-out') return this.#optOut(this.#purposes() ?? this.rules.optOutOf);
    if (this.#flag('optedOut')) return this.#optOut('all');
    const named = this.columns.optedOutOf.filter(({ index }) => this.#isYes(index)).map(({ purpose }) => purpose);
    return named.length === 0 ? [] : this.#optOut([...new Set(named)]);
  }

  #optOut(purposes: readonly string[] | 'all'): readonly string[] | 'all' {
    if (purposes.length > 0) this.#facts.push({ kind: 'opt-out', purposes, occurredAt: this.#pastDate('optedOutAt') });
    return purposes;
  }

  /** P3: without purpose, statement and date it is no consent, nor where anything of the row could not be read. */
  #optIn(except: readonly string[]): void {
    if (!this.#isConsent()) return this.#refuse('NO_CONSENT', 'Its legal basis is not consent (P3).');
    const purposes = (this.#purposes() ?? this.rules.purposes).filter((name) => !except.includes(name));
    if (purposes.length === 0) {
      if (except.length === 0)
        this.#refuse('NO_PURPOSE', 'It names no purpose, and none was given for it.', 'purposes');
      return;
    }
    const statement = this.#statement();
    const occurredAt = this.#optInDate();
    if (statement && occurredAt !== undefined && this.#refusals.length === 0)
      this.#facts.push({ kind: 'opt-in', purposes, statement, occurredAt });
  }

  #isConsent(): boolean {
    const { consent } = this.rules.mapping;
    if (!consent) return true;
    const held = this.columns.consent === undefined ? '' : this.cells[this.columns.consent]!;
    return held.toLowerCase().includes(consent.holds.toLowerCase());
  }

  #statement(): StatementName | undefined {
    const text = this.#textOf('statement');
    if (text === undefined) {
      if (this.rules.statement) return this.rules.statement;
      return this.#refuse('NO_STATEMENT', 'It names no statement, and none was given for it (P3).', 'statement');
    }
    const statement = parseStatementName(text);
    return (
      statement ?? this.#refuse('BAD_STATEMENT', 'Its statement is not like <id>@<version>:<language>.', 'statement')
    );
  }

  #optInDate(): Instant | undefined {
    const text = this.#textOf('optedInAt');
    if (text === undefined) {
      if (this.rules.occurredAt !== undefined) return this.rules.occurredAt;
      return this.#refuse(
        'NO_DATE',
        'It does not say when the person opted in, and nothing was given (P3).',
        'optedInAt',
      );
    }
    const date = this.dateOf(text);
    if (date === undefined) return this.#refuse('BAD_DATE', unreadableDate, 'optedInAt');
    if (date <= this.rules.latest) return date;
    return this.#refuse('OCCURRED_IN_FUTURE', 'Its date lies in the future.', 'optedInAt');
  }

  /** P4: what stops mail counts also where its date is no good; it is then as good as without one, and the report says so. */
  #pastDate(field: 'optedOutAt' | 'bouncedAt' | 'complainedAt'): Instant | undefined {
    const text = this.#textOf(field);
    if (text === undefined) return this.rules.occurredAt;
    const date = this.dateOf(text);
    if (date !== undefined && date <= this.rules.latest) return date;
    this.#refuse(
      'BAD_DATE',
      'Its date cannot be read or lies in the future. What it stops is recorded without it.',
      field,
    );
    return this.rules.occurredAt;
  }

  /** The purposes that the row names; `undefined` where it names none. */
  #purposes(): readonly string[] | undefined {
    const text = this.#textOf('purposes');
    const names = text?.split(/[,;|]/).flatMap((part) => part.trim() || []) ?? [];
    if (names.length === 0) return undefined;
    const { purposeNames } = this.rules;
    const purposes = names.map((name) => {
      const key = name.toLowerCase();
      return Object.hasOwn(purposeNames, key) ? purposeNames[key] : name;
    });
    return [...new Set(purposes.filter((name) => typeof name === 'string'))];
  }

  /** P9: a citizen service number is never stored. */
  #reference(): string | undefined {
    const text = this.#textOf('reference');
    if (text === undefined || !holdsCitizenServiceNumber(text)) return text;
    const reason = 'Its reference holds what reads as a citizen service number (P9). The rest is recorded without it.';
    return this.#refuse('CITIZEN_SERVICE_NUMBER', reason, 'reference');
  }

  #isFlagged(): boolean {
    const { optedOut, bounced, complained } = this.columns.flags;
    return [...optedOut, ...bounced, ...complained].some((index) => this.#isYes(index));
  }

  #flag(flag: Flag): boolean {
    return this.columns.flags[flag].some((index) => this.#isYes(index));
  }

  #isYes(index: number): boolean {
    return YES.has(this.cells[index]!.trim().toLowerCase());
  }

  #has(field: RowField): boolean {
    return (this.columns.fields[field] ?? []).some((index) => this.cells[index]!.trim() !== '');
  }

  /** The first cell of the field that is filled in; one that no text editor would write is as good as damaged. */
  #textOf(field: RowField): string | undefined {
    for (const index of this.columns.fields[field] ?? []) {
      const text = this.cells[index]!.trim();
      if (text === '') continue;
      if (text.length > LONGEST_CELL) return this.#refuse('CELL_TOO_LONG', 'The cell is too long.', field);
      if (text.includes('\0') || text.includes('\uFFFD'))
        return this.#refuse('BAD_ENCODING', 'The cell is not text in UTF-8.', field);
      return text;
    }
    return undefined;
  }
}

const unclear =
  'Its status tells that the address is known, not that the person opted in (P3). Say what the word means, if it does.';
const unreadableDate =
  'Its date cannot be read. Dates are written 2024-01-31, 2024-01-31 12:00:00 or 2024-01-31T12:00:00Z.';
