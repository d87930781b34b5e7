import type { RecordedEvent } from '@consent-ledger/event-store';
import type { ImportPreset } from './import-mapping.js';
import type { StatementName } from './row-reader.js';

/** What became of the rows of an import; each row is one of the three. */
export interface ImportCounts {
  readonly rows: number;
  /** Rows of which at least one event was recorded. */
  readonly recorded: number;
  /** Rows that said nothing new. */
  readonly unchanged: number;
  /** Rows of which nothing could be recorded. */
  readonly refusedRows: number;
  /** The events that were recorded, by type. */
  readonly events: Readonly<Record<string, number>>;
}

/** What the operator said of the file; nothing of it is about one person. */
export interface ImportOptions {
  readonly purposes: readonly string[];
  readonly optOutOf: readonly string[] | 'all';
  readonly timeZone: string;
  readonly statement?: StatementName;
  readonly occurredAt?: string;
  readonly columns?: Readonly<Record<string, string>>;
  readonly statuses?: Readonly<Record<string, string>>;
  readonly purposeNames?: Readonly<Record<string, string | null>>;
}

/** What taking an import back came to. */
export interface TakenBack {
  readonly contacts: number;
  readonly optIns: number;
  /** What the import brought and stays, by type: it stops mail, and a lost opt-out is worse than one too many (P4). */
  readonly kept: Readonly<Record<string, number>>;
}

/** The events of an import's own stream. */
export interface ImportEventData {
  ImportStarted: { preset: ImportPreset; options: ImportOptions };
  /** `sha256` of all the bytes of the file, in hex. */
  ImportFinished: ImportCounts & { sha256: string };
  ImportTakenBack: TakenBack;
}

/** An import as its stream tells it. */
export interface ImportRecord {
  readonly importId: string;
  /** `unfinished` while it runs, and when it was cut off: importing the same file again completes it. */
  readonly state: 'unfinished' | 'finished' | 'taken-back';
  readonly startedAt: string;
  readonly preset: ImportPreset;
  readonly options: ImportOptions;
  readonly finished?: ImportEventData['ImportFinished'] & { readonly at: string };
  readonly takenBack?: TakenBack & { readonly at: string };
}

const PREFIX = 'import-';

/** The stream that says what an import was. */
export function importStream(importId: string): string {
  return PREFIX + importId;
}

/** The import that these events tell of; `undefined` where there is none. */
export function importRecordOf(importId: string, recorded: readonly RecordedEvent[]): ImportRecord | undefined {
  let record: ImportRecord | undefined;
  for (const { type, data, metadata } of recorded) {
    const at = metadata['recordedAt'] as string;
    record = evolveImport(record, importId, at, { type, data } as unknown as ImportEvent);
  }
  return record;
}

type ImportEvent = {
  [T in keyof ImportEventData]: { readonly type: T; readonly data: ImportEventData[T] };
}[keyof ImportEventData];

function evolveImport(record: ImportRecord | undefined, importId: string, at: string, event: ImportEvent) {
  if (event.type === 'ImportStarted') return { importId, state: 'unfinished' as const, startedAt: at, ...event.data };
  if (!record) return undefined;
  if (event.type === 'ImportFinished')
    return { ...record, state: 'finished' as const, finished: { ...event.data, at } };
  return { ...record, state: 'taken-back' as const, takenBack: { ...event.data, at } };
}
