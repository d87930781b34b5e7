import { closeSync, createWriteStream, openSync, writeFileSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  drawSimulation,
  gatherSends,
  refusedSendBody,
  simulationAnswer,
  simulationCsv,
  Simulator,
  type JudgedSend,
  type SimulationAnswer,
  type SimulationRun,
} from '@consent-ledger/application';
import { NEVER, policyInForce, type Due, type Instant } from '@consent-ledger/consent';
import { START } from '@consent-ledger/event-store';
import { toRfc3339 } from '@consent-ledger/platform';
import { DeliveriesView, PoliciesProjection, PreferencesView } from '@consent-ledger/projections';
import { InvalidArgumentError, type Command } from 'commander';
import { tellAhead } from './look-ahead.js';
import { createProgressDisplay } from './progress-display.js';
import { simulationTable } from './simulation-table.js';
import { readSupposition, type SupposedPolicy } from './supposition.js';
import { CommandFailed, type Surroundings } from './surroundings.js';
import { withWholeReadModels, type WholeReadModels } from './whole-read-models.js';

interface SimulateOptions extends SupposedPolicy {
  readonly at?: Instant;
  readonly knownAt?: Instant;
  readonly months: number;
  readonly json?: string;
  readonly csv?: string;
  readonly svg?: string;
  readonly lapses?: string;
}

interface LookAheadOptions extends SimulateOptions {
  readonly contact: string;
  readonly until?: Instant;
}

const MONTHS = 36;
/** Of the messages that would have been refused, those that the JSON lists; the CSV has all of them. */
const LISTED = 100;
const LINES_A_WRITE = 1_000;

/** Adds `simulate`. */
export function addSimulate(ledger: Command, surroundings: Surroundings): void {
  ledger
    .command('simulate')
    .description('Look ahead: who may be sent what, and what falls due in each month, now or under another policy.')
    .option('--policy <policy>', 'what if: a policy file, or a published version as <id>@<version>')
    .option('--from <instant>', 'when that policy would come into force, in place of its own moment', readInstant)
    .option('--at <instant>', 'the moment looked at; now by default', readInstant)
    .option('--known-at <instant>', 'with the knowledge of this moment only', readInstant)
    .option('--months <number>', 'how many calendar months ahead', readMonths, MONTHS)
    .option('--json <file>', 'write the result as JSON')
    .option('--csv <file>', 'write it as CSV, with every past message that would have been refused')
    .option('--svg <file>', 'draw the months as a picture')
    .option('--lapses <file>', 'write who lapses when as CSV: contactId, purpose, lapsesAt')
    .option('--contact <id or address>', 'tell what lies ahead of this one contact instead')
    .option('--until <instant>', 'how far ahead of that contact; after the months by default', readInstant)
    .action((options: SimulateOptions & Partial<LookAheadOptions>, command: Command) => {
      if (options.from !== undefined && options.policy === undefined)
        command.error('error: --from has no meaning without --policy');
      if (isAboutOne(options)) return lookAheadOf(options, surroundings);
      if (options.until !== undefined) command.error('error: --until has no meaning without --contact');
      return simulate(options, surroundings);
    });
}

function isAboutOne(options: Partial<LookAheadOptions>): options is LookAheadOptions {
  return options.contact !== undefined;
}

async function lookAheadOf(options: LookAheadOptions, surroundings: Surroundings): Promise<void> {
  await withWholeReadModels(['policies'], surroundings, async ({ store, readModels }) => {
    const policies = new PoliciesProjection(readModels);
    const at = options.at ?? surroundings.clock.now();
    const supposed = await readSupposition(options, policies, at);
    const knownAt = options.knownAt ?? NEVER;
    const { calendar } = policyInForce(policies.history(), at, knownAt);
    const until = options.until ?? calendar.add(at, { months: options.months, days: 0 });
    const question = { contact: options.contact, at, until, knownAt, supposed };
    for await (const line of tellAhead(question, { store, policies }, surroundings)) surroundings.stdout.write(line);
  });
}

async function simulate(options: SimulateOptions, surroundings: Surroundings): Promise<void> {
  const lapses = options.lapses === undefined ? undefined : openLapses(options.lapses);
  // What cannot be written is told before a million contacts are looked at.
  for (const file of [options.json, options.csv, options.svg]) if (file !== undefined) closeSync(openForWriting(file));
  try {
    await withWholeReadModels(['policies', 'preferences', 'deliveries'], surroundings, async (whole) => {
      const answer = await simulateAll(options, whole, lapses, surroundings);
      surroundings.stdout.write(simulationTable(answer));
    });
  } catch (error) {
    if (surroundings.signal.aborted) throw new CommandFailed('Stopped: nothing was found out.');
    throw error;
  } finally {
    lapses?.close();
  }
}

async function simulateAll(
  options: SimulateOptions,
  { store, readModels }: WholeReadModels,
  lapses: Lapses | undefined,
  surroundings: Surroundings,
): Promise<SimulationAnswer> {
  const { clock, signal } = surroundings;
  const contacts = new PreferencesView(readModels);
  const deliveries = new DeliveriesView(readModels);
  const policies = new PoliciesProjection(readModels);
  const simulator = new Simulator({ contacts, deliveries, policies, store, clock });
  const at = options.at ?? clock.now();
  const supposed = await readSupposition(options, policies, at);
  const { knownAt, months } = options;

  const result = await withProgress('contacts', contacts.count(), surroundings, (onProgress) => {
    const run: SimulationRun = { signal, onProgress };
    const onDue = (contactId: string, due: Due) => lapses?.add(contactId, due, at);
    return simulator.run({ at: options.at, knownAt, months, supposed }, lapses ? { ...run, onDue } : run);
  });
  const judged = () => simulator.judgeSends(supposed!.policy, at, { signal });
  const pastSends = supposed && (await gatherSends(judged(), LISTED));
  const answer = simulationAnswer(result, await store.head(), pastSends);

  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(answer, null, 2)}\n`);
  if (options.svg !== undefined) writeFileSync(options.svg, await drawSimulation(answer));
  if (options.csv !== undefined) {
    const refused = supposed ? refusedOf(judged()) : noSends();
    await pipeline(Readable.from(simulationCsv(answer, refused)), createWriteStream(options.csv));
  }
  return answer;
}

async function* refusedOf(sends: AsyncIterable<JudgedSend>) {
  for await (const send of sends) {
    const body = refusedSendBody(send);
    if (body) yield body;
  }
}

async function* noSends(): AsyncGenerator<never, void> {}

async function withProgress<T>(
  unit: string,
  total: number,
  surroundings: Surroundings,
  work: (onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
  const display = createProgressDisplay('simulation', surroundings, unit);
  const startedAt = performance.now();
  try {
    return await work((done) => {
      const seconds = Math.max(0.001, (performance.now() - startedAt) / 1000);
      display.show({
        handled: done,
        from: START,
        position: done - 1,
        head: total - 1,
        perSecond: Math.round(done / seconds),
      });
    });
  } finally {
    display.end();
  }
}

/** A list of lapses that is written as they are found. */
interface Lapses {
  add(contactId: string, due: Due, from: Instant): void;
  close(): void;
}

/** Ids, purposes and instants need no quotation marks in CSV (RFC 4180 §2). */
function openLapses(path: string): Lapses {
  const file = openForWriting(path);
  let lines = ['contactId,purpose,lapsesAt\n'];
  const flush = () => {
    writeSync(file, lines.join(''));
    lines = [];
  };
  return {
    add(contactId, due, from) {
      if (due.kind !== 'lapse' || due.at < from) return;
      for (const purpose of due.purposes) lines.push(`${contactId},${purpose},${toRfc3339(due.at)}\n`);
      if (lines.length >= LINES_A_WRITE) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new CommandFailed(`${path} cannot be written: ${(error as { code?: string }).code ?? 'unknown fault'}.`);
  }
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

function readInstant(text: string): Instant {
  const instant = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant))
    throw new InvalidArgumentError('Give an RFC 3339 instant with an offset, such as 2027-01-01T00:00:00+01:00.');
  return instant;
}

function readMonths(text: string): number {
  const months = Number(text);
  if (Number.isInteger(months) && months >= 0 && months <= 120) return months;
  throw new InvalidArgumentError('Give a whole number from 0 to 120.');
}
