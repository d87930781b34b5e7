import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_STREAM, openSqliteEventStore, type EventStore, type NewEvent } from '@consent-ledger/event-store';
import type { Clock } from '@consent-ledger/platform';
import { runLedger } from './program.js';
import type { Screen, TxtResolver } from './surroundings.js';

/** What a command line came to. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Standard error; what is written to it is collected when it is not given. */
  readonly stderr?: Screen;
  readonly environment?: Readonly<Record<string, string>>;
  /** What DNS says; nothing when it is not given. */
  readonly resolveTxt?: TxtResolver;
}

/** A data directory with an empty log, and the command line over it in this process. */
export interface LedgerFixture {
  readonly directory: string;
  readonly readModelsPath: string;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Lends the log, as a running service would have it open. */
  withStore<T>(work: (store: EventStore) => Promise<T>): Promise<T>;
  /** Appends a stream of a contact: opted in, then out. */
  addContact(contactId: string): Promise<void>;
  remove(): void;
}

export async function makeLedger(): Promise<LedgerFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-'));
  const withStore = async <T>(work: (store: EventStore) => Promise<T>): Promise<T> => {
    const store = openSqliteEventStore({ path: join(directory, 'log.sqlite') });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  await withStore(async () => undefined);
  return {
    directory,
    readModelsPath: join(directory, 'read-models.sqlite'),
    run: (args, options) => runIn(directory, args, options),
    withStore,
    addContact: (contactId) =>
      withStore(async (store) => {
        await store.append(`contact-${contactId}`, NO_STREAM, [optedIn(), optedOut()]);
      }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A contact's id that ends in a digit from 2 to 7. */
export function contactId(digit: number): string {
  return `mfrggzdfmztwq2lknnwg23tp${digit}a`;
}

export function optedIn(): NewEvent {
  const statement = { id: 'signup-form', version: 1, language: 'nl', hash: 'aa'.repeat(32) };
  return event('OptedIn', { purposes: ['newsletter'], statement });
}

export function optedOut(): NewEvent {
  return event('OptedOut', { purposes: 'all' });
}

export function event(type: string, data: NewEvent['data'], metadata: NewEvent['metadata'] = {}): NewEvent {
  const at = '2024-01-01T10:00:00.000Z';
  const source = { kind: 'web-form' };
  return {
    id: randomUUID(),
    type,
    data,
    metadata: { occurredAt: at, recordedAt: at, source, schemaVersion: 1, ...metadata },
  };
}

async function sayNothing(): Promise<never> {
  throw Object.assign(new Error('There is no such name.'), { code: 'ENOTFOUND' });
}

/** Runs a command line in this process. */
export async function runIn(
  directory: string,
  args: readonly string[],
  {
    clock = { now: () => 0 },
    signal = new AbortController().signal,
    stderr,
    environment,
    resolveTxt = sayNothing,
  }: RunOptions = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const code = await runLedger(args, {
    environment: { DATA_DIR: directory, ...environment },
    stdout: { write: (text) => (written.stdout += text) },
    stderr: stderr ?? { write: (text) => (written.stderr += text) },
    clock,
    resolveTxt,
    signal,
  });
  return { code, ...written };
}
