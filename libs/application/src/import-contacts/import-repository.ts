import { policyVersionOf, type Actor } from '@consent-ledger/consent';
import {
  NO_STREAM,
  RevisionConflict,
  type EventStore,
  type JsonObject,
  type Position,
} from '@consent-ledger/event-store';
import { newId, Problem, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { currentPolicy } from '../current-policy.js';
import { CLOCK, EVENT_STORE, POLICIES } from '../ports.js';
import { systemMetadata } from '../system-event.js';
import { importRecordOf, importStream, type ImportEventData, type ImportRecord } from './import-events.js';

/** Who imports, and by which request. */
export interface ImportOrigin {
  readonly actor: Actor;
  readonly correlationId: string;
}

/** An import as it stands in the log, and where in the log its rows may be found. */
export interface FoundImport {
  readonly record: ImportRecord;
  /** The position of its start. */
  readonly from: Position;
  /** The position of its end; the end of the log while it is unfinished. */
  readonly until: Position;
}

const ATTEMPTS = 8;

/** Keeps what is on record of each import as a whole, in a stream of its own. */
@Injectable()
export class ImportRepository {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `NOT_FOUND` for an import that never started. */
  async find(importId: string): Promise<FoundImport> {
    const recorded = await this.store.readStream(importStream(importId));
    const record = importRecordOf(importId, recorded);
    if (!record) throw new Problem('NOT_FOUND', 'There is no import with this id.');
    const from = recorded[0]!.position;
    const ended = recorded.findLast(({ type }) => type !== 'ImportTakenBack')!;
    return { record, from, until: ended.type === 'ImportFinished' ? ended.position : await this.store.head() };
  }

  /** Appends an event to the stream of the import; answers its position. */
  async note<T extends keyof ImportEventData>(
    importId: string,
    type: T,
    data: ImportEventData[T],
    origin: ImportOrigin,
  ): Promise<Position> {
    const event = {
      id: newId(),
      type,
      data: data as unknown as JsonObject,
      metadata: this.#metadata(importId, origin),
    };
    for (let attempt = 1; ; attempt++) {
      const standing = await this.store.readStream(importStream(importId));
      const revision = standing.at(-1)?.revision ?? NO_STREAM;
      try {
        return (await this.store.append(importStream(importId), revision, [event])).position;
      } catch (error) {
        if (!(error instanceof RevisionConflict) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  #metadata(importId: string, { actor, correlationId }: ImportOrigin): JsonObject {
    const policyVersion = policyVersionOf(currentPolicy(this.policies, this.clock));
    const metadata = systemMetadata(this.clock, correlationId, policyVersion);
    return { ...metadata, actor: { ...actor }, source: { kind: 'import' }, importId };
  }
}
