import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isTimeZone, optIn, policyInForce, unknownContact, type Instant } from '@consent-ledger/consent';
import type { EventStore, Position } from '@consent-ledger/event-store';
import { newId, Problem, toRfc3339, validationProblem, type Clock, type FieldError } from '@consent-ledger/platform';
import type { BulkSealing, ContactIds } from '@consent-ledger/privacy';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { ContactRepository } from '../contact/contact-repository.js';
import { CLOCK_SKEW } from '../contact/occurrence.js';
import { refusalProblem } from '../contact/refusal-problem.js';
import { CLOCK, CONTACT_IDS, EVENT_STORE, POLICIES, START_SEALING } from '../ports.js';
import { csvRows, type CsvRow } from './csv-rows.js';
import type { ImportCounts, ImportOptions } from './import-events.js';
import { mappingOf, type ImportPreset, type MappingChanges } from './import-mapping.js';
import { SettleDue } from '../settle-due/settle-due.js';
import { ahead, inFlight } from './in-flight.js';
import { ImportRepository, type ImportOrigin } from './import-repository.js';
import type { RowOutcome } from './record-row.js';
import { recordRows, type RowRecording, type Said } from './record-rows.js';
import { createRowReader, type ReadRow, type RowReader, type RowRefusal, type StatementName } from './row-reader.js';
import { openScratchLog } from './scratch-log.js';

/** What is imported, and what the file does not say itself. */
export interface ImportRequest extends MappingChanges {
  /** The same id again goes on with that import; a new one by default. */
  readonly importId?: string;
  readonly preset: ImportPreset;
  /** One character; told from the header by default. */
  readonly delimiter?: string;
  /** The purposes of opt-ins whose row names none. */
  readonly purposes?: readonly string[];
  /** What rows opt out of that name no purpose; all commercial mail by default. */
  readonly optOutOf?: readonly string[] | 'all';
  /** The purposes that names in the file stand for; `null` for a name that is no purpose. */
  readonly purposeNames?: Readonly<Record<string, string | null>>;
  readonly statement?: StatementName;
  /** When that happened which bears no date. */
  readonly occurredAt?: Instant;
  /** The IANA zone of dates that name no offset; UTC by default. */
  readonly timeZone?: string;
  /** Where the file came from, sealed with each event whose row names no reference of its own. */
  readonly reference?: string;
}

export interface ImportReport extends ImportCounts {
  readonly importId: string;
  readonly dryRun: boolean;
  /** What was refused and why, the first thousand. */
  readonly refused: readonly RowRefusal[];
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  /** The log holds everything that was recorded by here. */
  readonly position: Position;
}

export interface ImportProgress {
  readonly rows: number;
  readonly bytes: number;
}

/** Those who want to know while an import runs. */
export interface ImportWatcher {
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Hears every refusal, with the row as it came. */
  readonly onRefused?: (refusal: RowRefusal, cells: readonly string[]) => void;
  readonly onHeader?: (cells: readonly string[]) => void;
  /** Aborts between rows: what was recorded stays. */
  readonly signal?: AbortSignal;
}

/** How many rows wait for the log at once: as many as it commits together, and few enough to let others in between. */
const ROWS_AT_ONCE = 1024;
/** How many rows are put in order before they are recorded: some ten mebibytes. */
const ROWS_A_ROUND = 8_192;
const REFUSALS_TOLD = 1000;
/** While one portion is appended, others are sealed: enough of them for as long as it takes to read the next round. */
const PORTIONS_AT_ONCE = 8;
/** A round of fewer rows is recorded before a thread has started. */
const ROWS_WORTH_A_THREAD = 4096;

/** Imports contacts from CSV: what another system says of them, never an act of the person (P3, P4). */
@Injectable()
export class ImportContacts {
  constructor(
    private readonly contacts: ContactRepository,
    private readonly imports: ImportRepository,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONTACT_IDS) private readonly contactIds: ContactIds,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(START_SEALING) private readonly startSealing: () => BulkSealing,
  ) {}

  /**
   * Records what the rows say, each durable before it is counted, in constant memory. Repeating it records nothing twice,
   * also after it was cut off. Throws `VALIDATION` for a header or options that cannot be used, before anything is
   * recorded, and for a file that cannot be read beyond a line: the rows before that line are then recorded.
   */
  async run(
    source: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    origin: ImportOrigin,
    watcher: ImportWatcher = {},
  ): Promise<ImportReport> {
    const importId = request.importId ?? newId();
    const { preset } = request;
    const options = optionsOf(request);
    const start = () => this.imports.note(importId, 'ImportStarted', { preset, options }, origin);
    const { contacts, startSealing } = this;
    const tally = await this.#walk(source, request, { contacts, origin, importId, start, startSealing }, watcher);
    const { counts, sha256, refused } = tally;
    const position = await this.imports.note(importId, 'ImportFinished', { ...counts, sha256 }, origin);
    return { importId, dryRun: false, ...counts, refused, sha256, position };
  }

  /** Does all that `run` does on a scratch layer over the log, which is thrown away: the counts and refusals are the same. */
  async dryRun(
    source: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    origin: ImportOrigin,
    watcher: ImportWatcher = {},
  ): Promise<ImportReport> {
    const importId = request.importId ?? newId();
    const scratch = await openScratchLog(this.store);
    const unsealed = {
      seal: () => Promise.resolve(''),
      sealEach: (values: readonly unknown[]) => Promise.resolve(values.map(() => '')),
      isErased: () => Promise.resolve(false),
      erasedAmong: () => Promise.resolve(new Set<string>()),
    };
    const uncounted = { appended: () => undefined };
    const undestroyed = {
      find: () => Promise.resolve(undefined),
      destroy: () => Promise.resolve({ destroyed: false }),
    };
    const unasked = { request: () => Promise.resolve('no-address' as const) };
    const { clock, policies } = this;
    const settleDue = new SettleDue(scratch.store, undestroyed, policies, clock, uncounted, unasked);
    const silent = { error: () => undefined };
    const contacts = new ContactRepository(scratch.store, unsealed, clock, uncounted, policies, settleDue, silent);
    try {
      const start = () => this.store.head();
      const { counts, sha256, refused } = await this.#walk(
        source,
        request,
        { contacts, origin, importId, start },
        watcher,
      );
      return { importId, dryRun: true, ...counts, refused, sha256, position: await this.store.head() };
    } finally {
      await scratch.discard();
    }
  }

  async #walk(
    source: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    walk: Walk,
    watcher: ImportWatcher,
  ): Promise<Tally> {
    this.#refuseBadOptions(request);
    const digest = createHash('sha256');
    const tally = { rows: 0, recorded: 0, unchanged: 0, refusedRows: 0, events: {} as Record<string, number> };
    const refused: RowRefusal[] = [];
    let bytes = 0;
    let started = false;
    let sealing: BulkSealing | undefined;

    async function* measured() {
      for await (const chunk of source) {
        digest.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    }

    const settle = ({ cells }: Line, outcome: RowOutcome) => {
      tally.rows++;
      tally[outcome.recorded.length > 0 ? 'recorded' : outcome.refusals.length > 0 ? 'refusedRows' : 'unchanged']++;
      for (const type of outcome.recorded) tally.events[type] = (tally.events[type] ?? 0) + 1;
      for (const refusal of outcome.refusals) {
        if (refused.length < REFUSALS_TOLD) refused.push(refusal);
        watcher.onRefused?.(refusal, cells);
      }
    };

    const csv = csvRows(measured(), request.delimiter);
    try {
      const { cells: header } = (await csv.next()).value ?? { cells: [] };
      const read = createRowReader(header, this.#rulesOf(request));
      await walk.start();
      started = true;
      watcher.onHeader?.(header);
      const keepsCells = watcher.onRefused !== undefined;
      const rounds = ahead(inRounds(csv, (row) => this.#lineOf(row, read, keepsCells)));
      const recordings = this.#recordings(rounds, (rows) => {
        if (rows >= ROWS_WORTH_A_THREAD) sealing ??= walk.startSealing?.();
        return { ...walk, reference: request.reference, sealing };
      });
      let recorded = 0;
      for await (const { round, portion, outcomes } of inFlight(recordings, PORTIONS_AT_ONCE)) {
        portion.forEach(({ index }, at) => (round.outcomes[index] = outcomes[at]!));
        round.portionsLeft--;
        if (round.portionsLeft === 0) round.lines.forEach((line, index) => settle(line, round.outcomes[index]!));
        recorded = round.portionsLeft === 0 ? 0 : recorded + portion.length;
        watcher.onProgress?.({ rows: tally.rows + recorded, bytes });
        watcher.signal?.throwIfAborted();
        // Whatever else this process does gets its turn.
        await nextTurn();
      }
    } catch (error) {
      throw started && error instanceof Problem ? cutOff(error, walk.importId) : error;
    } finally {
      csv.return(undefined).catch(() => undefined);
      await sealing?.close();
    }
    return { counts: tally, refused, sha256: digest.digest('hex') };
  }

  /** Of a row stays what it says: the cells of many columns, ten thousands of times, would be most of what is in memory. */
  #lineOf({ cells, line }: CsvRow, read: RowReader, keepsCells: boolean): Line {
    const row = read(cells, line);
    const { address, facts } = row;
    const says = address !== undefined && facts.length > 0;
    return {
      row,
      cells: keepsCells ? cells : [],
      ...(says && { of: { address, contactId: this.contactIds.of(address) } }),
    };
  }

  /**
   * The recordings of all rounds, to be started one after the other. A round is recorded in the order of the contacts' ids, so
   * that neighbours in the indexes of log and vault are written together: the pages that a commit touches are most of what it
   * costs. The rows of one contact come in their order in the file: no recording goes on beside another of the same contacts,
   * and the end of a round and the beginning of the next are of different ones.
   */
  async *#recordings(rounds: AsyncIterable<Line[]>, recordingOf: (rows: number) => RowRecording) {
    const underWay = new Set<UnderWay>();
    for await (const lines of rounds) {
      const as = recordingOf(lines.length);
      const portions = inPortions(inOrderOfContacts(lines));
      const outcomes: RowOutcome[] = lines.map(({ row }) => ({ recorded: [], refusals: row.refusals }));
      const round: Round = { lines, outcomes, portionsLeft: portions.length };
      for (const portion of portions)
        yield async () => ({ round, portion, outcomes: await apart(underWay, portion, () => recordRows(portion, as)) });
    }
  }

  /** What would refuse every row is told once, before anything is recorded. */
  #refuseBadOptions({ timeZone, delimiter, purposes = [], statement }: ImportRequest): void {
    const faults: FieldError[] = [];
    if (timeZone !== undefined && !isTimeZone(timeZone))
      faults.push({ field: 'timeZone', message: 'is not an IANA time zone such as Europe/Brussels' });
    if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter)))
      faults.push({ field: 'delimiter', message: 'must be one character, and no quote or line break' });
    if (faults.length > 0) throw validationProblem(faults);
    if (!statement) return;
    const now = this.clock.now();
    const reported = { confirmation: 'none', actOf: 'reported', recorded: false, occurredAt: now } as const;
    const policy = policyInForce(this.policies.history(), now, now);
    const decision = optIn(unknownContact, { purposes, statement, ...reported }, policy);
    if ('refused' in decision) throw refusalProblem(decision.refused);
  }

  #rulesOf(request: ImportRequest) {
    const { preset, purposes = [], optOutOf = 'all', purposeNames = {}, statement, occurredAt, timeZone } = request;
    const names = Object.entries(purposeNames).map(([name, purpose]) => [name.trim().toLowerCase(), purpose] as const);
    return {
      mapping: mappingOf(preset, request),
      purposes,
      optOutOf,
      purposeNames: Object.fromEntries(names),
      statement,
      occurredAt,
      timeZone: timeZone ?? 'UTC',
      latest: this.clock.now() + CLOCK_SKEW,
    };
  }
}

/** What a walk over the rows records through, and as what. */
interface Walk {
  readonly contacts: ContactRepository;
  readonly origin: ImportOrigin;
  readonly importId: string;
  /** Runs once the header turned out to be of use. */
  readonly start: () => Promise<unknown>;
  /** Gives what seals while many rows are recorded; absent where nothing is sealed. */
  readonly startSealing?: () => BulkSealing;
}

/** A row that was read. */
interface Line {
  readonly row: ReadRow;
  /** As it came; empty where nobody asks for it. */
  readonly cells: readonly string[];
  /** Of whom it says something. */
  readonly of?: { readonly address: string; readonly contactId: string };
}

/** Rows that are put in order together, and what became of them. */
interface Round {
  readonly lines: readonly Line[];
  readonly outcomes: RowOutcome[];
  portionsLeft: number;
}

/** A recording that goes on, of the contacts from one id to another. */
interface UnderWay {
  readonly first: string;
  readonly last: string;
  readonly recorded: Promise<unknown>;
}

interface Tally {
  readonly counts: ImportCounts;
  readonly refused: readonly RowRefusal[];
  readonly sha256: string;
}

/** Of a contact, in the order of the file. */
function inOrderOfContacts(lines: readonly Line[]): readonly Said[] {
  const said = lines.flatMap(({ row, of }, index): Said[] => (of ? [{ index, row, ...of }] : []));
  return said.sort((a, b) => (a.contactId < b.contactId ? -1 : a.contactId > b.contactId ? 1 : a.index - b.index));
}

/** As many as are recorded at once, and the rows of one contact never apart; one portion of none where nothing is said. */
function inPortions(said: readonly Said[]): readonly (readonly Said[])[] {
  const portions: (readonly Said[])[] = [];
  let from = 0;
  do {
    let until = Math.min(from + ROWS_AT_ONCE, said.length);
    while (until < said.length && said[until]!.contactId === said[until - 1]!.contactId) until++;
    portions.push(said.slice(from, until));
    from = until;
  } while (from < said.length);
  return portions;
}

/** Records a portion once nothing under way is of its contacts. */
async function apart<T>(underWay: Set<UnderWay>, portion: readonly Said[], record: () => Promise<T>): Promise<T> {
  const [first, last] = [portion[0]?.contactId ?? '', portion.at(-1)?.contactId ?? ''];
  const before = [...underWay].filter((other) => other.first <= last && first <= other.last);
  const recorded = Promise.all(before.map((other) => other.recorded)).then(record);
  const mine = { first, last, recorded };
  underWay.add(mine);
  return recorded.finally(() => underWay.delete(mine));
}

async function* inRounds(rows: AsyncIterable<CsvRow>, read: (row: CsvRow) => Line): AsyncGenerator<Line[], void> {
  let round: Line[] = [];
  try {
    for await (const row of rows) {
      round.push(read(row));
      if (round.length < ROWS_A_ROUND) continue;
      yield round;
      round = [];
    }
  } catch (error) {
    // What could be read is recorded before the file is given up.
    if (round.length > 0) yield round;
    throw error;
  }
  if (round.length > 0) yield round;
}

function cutOff({ code, detail, errors }: Problem, importId: string): Problem {
  return new Problem(
    code,
    `${detail} What stands before it is recorded as import ${importId}: correct the file and import it again, or take that import back.`,
    errors,
  );
}

function optionsOf(request: ImportRequest): ImportOptions {
  const {
    purposes = [],
    optOutOf = 'all',
    timeZone = 'UTC',
    statement,
    occurredAt,
    columns,
    statuses,
    purposeNames,
  } = request;
  return {
    purposes,
    optOutOf,
    timeZone,
    ...(statement && { statement }),
    ...(occurredAt !== undefined && { occurredAt: toRfc3339(occurredAt) }),
    ...(columns && { columns }),
    ...(statuses && { statuses }),
    ...(purposeNames && { purposeNames }),
  };
}
