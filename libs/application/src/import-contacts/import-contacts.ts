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
import { inRounds, recordingsOf, type Line, type Portion, type Round } from './import-rounds.js';
import { ImportTally } from './import-tally.js';
import { recordRows } from './record-rows.js';
import { createRowReader, type RowReader, type RowRefusal, type StatementName } from './row-reader.js';
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
    const through = { contacts, origin, importId, start, startSealing };
    const { counts, sha256, refused } = await this.#walk(source, request, through, watcher);
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
      const through = { contacts, origin, importId, start };
      const { counts, sha256, refused } = await this.#walk(source, request, through, watcher);
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
  ): Promise<Walked> {
    this.#refuseBadOptions(request);
    const file = new MeasuredFile(source);
    const tally = new ImportTally(watcher.onRefused);
    let started = false;
    let sealing: BulkSealing | undefined;
    const record = (portion: Portion, { lines }: Round) => {
      if (lines.length >= ROWS_WORTH_A_THREAD) sealing ??= walk.startSealing?.();
      return recordRows(portion, { ...walk, reference: request.reference, sealing });
    };

    const csv = csvRows(file.chunks(), request.delimiter);
    try {
      const { cells: header } = (await csv.next()).value ?? { cells: [] };
      const read = createRowReader(header, this.#rulesOf(request));
      await walk.start();
      started = true;
      watcher.onHeader?.(header);
      const keepsCells = watcher.onRefused !== undefined;
      const rounds = ahead(inRounds(csv, (row) => this.#lineOf(row, read, keepsCells)));
      let untold = 0;
      for await (const { round, portion, outcomes } of inFlight(recordingsOf(rounds, record), PORTIONS_AT_ONCE)) {
        round.note(portion, outcomes);
        if (round.isRecorded) for (const [{ cells }, outcome] of round.outcomes()) tally.add(outcome, cells);
        untold = round.isRecorded ? 0 : untold + portion.length;
        watcher.onProgress?.({ rows: tally.counts.rows + untold, bytes: file.bytes });
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
    return { counts: tally.counts, refused: tally.refused, sha256: file.sha256() };
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

/** What came of a walk over the rows. */
interface Walked {
  readonly counts: ImportCounts;
  readonly refused: readonly RowRefusal[];
  readonly sha256: string;
}

/** A file that is read once, and what is known of it by then. */
class MeasuredFile {
  bytes = 0;
  readonly #digest = createHash('sha256');

  constructor(private readonly source: AsyncIterable<Uint8Array>) {}

  async *chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.source) {
      this.#digest.update(chunk);
      this.bytes += chunk.length;
      yield chunk;
    }
  }

  /** In hex. */
  sha256(): string {
    return this.#digest.digest('hex');
  }
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
