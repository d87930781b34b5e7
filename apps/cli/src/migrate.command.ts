import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { STREAM_PREFIXES } from '@consent-ledger/application';
import {
  compareLogs,
  migrateLog,
  openEventStore,
  type EventStore,
  type LogsCompared,
  type MigrationProgress,
  type RecordedEvent,
} from '@consent-ledger/event-store';
import { dataFiles, readConfiguration } from '@consent-ledger/platform';
import type { Command } from 'commander';
import { INCOMPLETE, MISUSED } from './exit-codes.js';
import { createDisplay, formatCount, type ProgressDisplay } from './progress-display.js';
import { isServed } from './is-served.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

interface MigrateOptions {
  readonly from?: string;
  readonly to?: string;
  readonly check?: true;
}

/** Adds `migrate`. */
export function addMigrate(ledger: Command, surroundings: Surroundings): void {
  ledger
    .command('migrate')
    .description(
      'Move the log to another store, and prove that both hold the same. Repeating it goes on where it stopped.',
    )
    .option('--from <log>', 'a file, or esdb://… (default: the file in DATA_DIR)')
    .option('--to <log>', 'a file, or esdb://… (default: EVENT_STORE_URL)')
    .option('--check', 'only compare, and write nothing')
    .addHelpText(
      'after',
      '\nExit codes: 0 both hold the same, 1 failed, 2 not used as it should be, 3 not finished yet.',
    )
    .action((options: MigrateOptions) => migrate(options, surroundings));
}

interface Ends {
  readonly from: string;
  readonly to: string;
}

async function migrate({ check, ...given }: MigrateOptions, surroundings: Surroundings): Promise<void> {
  const ends = endsOf(given, surroundings);
  const isOfAService = () => isFile(ends.from) && isServed(dirname(ends.from));
  const wasServed = isOfAService();
  const compared = await withLogs(ends, (source, target) =>
    showing(surroundings, (options) => (check ? compareLogs : migrateLog)(source, target, options)),
  );
  surroundings.stdout.write(summaryOf(compared));
  if (!compared.isComplete) throw new CommandFailed('The target lacks what came after that in the source.', INCOMPLETE);
  if (wasServed || isOfAService())
    throw new CommandFailed(
      'A service still writes to the source. Stop it, then run this again: it takes what came since.',
      INCOMPLETE,
    );
}

function endsOf(given: Partial<Ends>, { environment }: Surroundings): Ends {
  const { DATA_DIR, EVENT_STORE_URL } = readConfiguration(environment);
  const { from = dataFiles(DATA_DIR).log, to = EVENT_STORE_URL } = given;
  if (to === undefined) throw new CommandFailed('Name the target: --to esdb://…, or EVENT_STORE_URL.', MISUSED);
  if (isFile(from) && !existsSync(from))
    throw new CommandFailed(`There is no event log at ${resolve(from)}. Name one with --from, or set DATA_DIR.`);
  if (from === to || (isFile(from) && isFile(to) && resolve(from) === resolve(to)))
    throw new CommandFailed('The source and the target are one log.', MISUSED);
  return { from, to };
}

function isFile(log: string): boolean {
  return !/^\w+(\+\w+)?:\/\//.test(log);
}

async function withLogs<T>(
  { from, to }: Ends,
  work: (source: EventStore, target: EventStore) => Promise<T>,
): Promise<T> {
  const source = await open(from);
  try {
    const target = await open(to);
    try {
      return await work(source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

function open(log: string): Promise<EventStore> {
  return openEventStore({ ...(!isFile(log) && { url: log }), path: log, streamPrefixes: STREAM_PREFIXES });
}

type Watch = Parameters<typeof migrateLog>[2];

async function showing<T>(surroundings: Surroundings, work: (options: Watch) => Promise<T>): Promise<T> {
  const { signal, stderr } = surroundings;
  const display: ProgressDisplay<MigrationProgress> = createDisplay('migrate', describe, surroundings);
  try {
    return await work({
      signal,
      isLandmark,
      onProgress: display.show,
      onInterrupted: ({ message }) => stderr.write(`${message}\n`),
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandFailed('Stopped. The same command goes on from there.', INCOMPLETE);
  } finally {
    display.end();
  }
}

function describe({ phase, compared, position, head }: MigrationProgress): string {
  const percent = Math.floor((100 * (position + 1)) / Math.max(1, head + 1));
  return `${phase} (${percent}%), ${formatCount(compared)} events are the same`;
}

/**
 * No answer rests on how the streams of contacts and of deliveries are interleaved (law 1). What an import brought and what an
 * erasure destroyed are told by what stands before them and behind them in the log.
 */
function isLandmark({ streamId, type }: RecordedEvent): boolean {
  return !/^(contact|delivery)-/.test(streamId) || type === 'PersonalDataErased';
}

function summaryOf({
  events,
  displaced,
  hashes,
  position,
  ...compared
}: LogsCompared & { readonly copied?: number }): string {
  const copied = compared.copied === undefined ? '' : `, ${formatCount(compared.copied)} of them copied now`;
  const elsewhere =
    displaced === 0
      ? []
      : [`order   ${formatCount(displaced)} stand behind others, though in their place in their streams`];
  return [
    `events  ${formatCount(events)} are the same${copied}; the last at position ${position} of the source`,
    `source  ${hashes.source}`,
    `target  ${hashes.target}`,
    ...elsewhere,
    '',
  ].join('\n');
}
