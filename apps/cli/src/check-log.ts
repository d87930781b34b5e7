import { performance } from 'node:perf_hooks';
import { compilePolicy } from '@consent-ledger/consent';
import { NO_STREAM, START, type EventStore, type RecordedEvent, type Revision } from '@consent-ledger/event-store';
import {
  contactEventOf,
  contactOfStream,
  isPolicyStream,
  occurredAtOf,
  publishedDocumentOf,
  recordedAtOf,
} from '@consent-ledger/projections';
import type { Progress } from './progress-display.js';

/** What a walk over the whole log found. */
export interface LogReport {
  readonly events: number;
  readonly streams: number;
  /** How many faults, and the first of them in words that name positions only. */
  readonly faults: number;
  readonly firstFaults: readonly string[];
  /** Whether the end of the log was reached. */
  readonly completed: boolean;
}

export interface CheckLogOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

const BATCH = 5_000;
const FAULTS_TOLD = 20;

/**
 * Reads the log from end to end: whether the revisions of each stream are unbroken, whether every event says when it was,
 * and whether those of contacts and policies can be read by this release.
 */
export async function checkLog(store: EventStore, { signal, onProgress }: CheckLogOptions): Promise<LogReport> {
  const revisions = new Map<string, Revision>();
  const firstFaults: string[] = [];
  const startedAt = performance.now();
  let [events, faults, position, completed] = [0, 0, START, false];

  const check = (event: RecordedEvent) => {
    for (const fault of [orderFault(event, revisions), readingFault(event)]) {
      if (fault === undefined) continue;
      faults++;
      if (firstFaults.length < FAULTS_TOLD) firstFaults.push(fault);
    }
    revisions.set(event.streamId, event.revision);
  };

  while (!completed && !signal.aborted) {
    const batch = await store.readAll(position, BATCH);
    batch.forEach(check);
    events += batch.length;
    position = batch.at(-1)?.position ?? position;
    completed = batch.length < BATCH;
    const seconds = Math.max(0.001, (performance.now() - startedAt) / 1000);
    onProgress({
      handled: events,
      from: START,
      position,
      head: await store.head(),
      perSecond: Math.round(events / seconds),
    });
  }
  return { events, streams: revisions.size, faults, firstFaults, completed };
}

function orderFault(
  { streamId, revision, position }: RecordedEvent,
  revisions: ReadonlyMap<string, Revision>,
): string | undefined {
  const before = revisions.get(streamId) ?? NO_STREAM;
  if (revision === before + 1) return undefined;
  return `Revision ${revision} at position ${position} does not follow revision ${before} of its stream.`;
}

function readingFault(event: RecordedEvent): string | undefined {
  try {
    read(event);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : `The event at position ${event.position} cannot be read.`;
  }
}

/** The events of mailings, deliveries and keys are read as they stand; the projections judge those. */
function read(event: RecordedEvent): void {
  occurredAtOf(event);
  recordedAtOf(event);
  if (contactOfStream(event.streamId) !== undefined) contactEventOf(event);
  else if (isPolicyStream(event.streamId)) compilePolicy(publishedDocumentOf(event).document);
}
