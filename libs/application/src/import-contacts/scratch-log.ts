import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  NO_STREAM,
  openEventStore,
  RevisionConflict,
  type EventStore,
  type StreamAppend,
} from '@consent-ledger/event-store';
import { STREAM_PREFIXES } from '../log-streams.js';

/** The log with a layer over it that takes every append and is thrown away. */
export interface ScratchLog {
  readonly store: EventStore;
  discard(): Promise<void>;
}

/** Lays a scratch layer over a log, on disk: what is tried on it may be larger than memory. The log itself is only read. */
export async function openScratchLog(log: EventStore): Promise<ScratchLog> {
  const directory = await mkdtemp(join(tmpdir(), 'dry-run-'));
  const layer = await openEventStore({ path: join(directory, 'scratch'), streamPrefixes: STREAM_PREFIXES });
  const standing = async (streamId: string) => (await log.readStream(streamId)).at(-1)?.revision ?? NO_STREAM;
  const append = async ({ streamId, expected, events }: StreamAppend) => {
    const below = await standing(streamId);
    const { revision, position } = await layer.append(streamId, expected - below - 1, events);
    return { revision: below + 1 + revision, position };
  };
  const store: EventStore = {
    async readStream(streamId) {
      const [below, above] = await Promise.all([log.readStream(streamId), layer.readStream(streamId)]);
      const next = (below.at(-1)?.revision ?? NO_STREAM) + 1;
      return [...below, ...above.map((event) => ({ ...event, revision: next + event.revision }))];
    },
    append: (streamId, expected, events) => append({ streamId, expected, events }),
    appendEach: (appends) => Promise.all(appends.map((one) => append(one).catch(conflictOf))),
    async existing(streamIds) {
      const [below, above] = await Promise.all([log.existing(streamIds), layer.existing(streamIds)]);
      return new Set([...below, ...above]);
    },
    readAll: (after, limit) => log.readAll(after, limit),
    readAt: (position) => log.readAt(position),
    subscribe: (after, options) => log.subscribe(after, options),
    head: () => log.head(),
    close: () => layer.close(),
  };
  return {
    store,
    async discard() {
      await layer.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function conflictOf(error: unknown): RevisionConflict {
  if (error instanceof RevisionConflict) return error;
  throw error;
}
