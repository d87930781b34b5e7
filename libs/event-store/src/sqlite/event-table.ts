import type { Database } from 'better-sqlite3';
import { isRepeat, type Append } from '../append.js';
import { recordedEvent, type EventRow } from '../event-row.js';
import {
  NO_STREAM,
  RevisionConflict,
  START,
  type Appended,
  type Position,
  type RecordedEvent,
  type Revision,
} from '../event-store.js';
import type { Committed } from './group-commit.js';

/** The events in their table, read and written at once. */
export interface EventTable {
  /** Writes the appends in one transaction, each checked on its own against the events before it. */
  commit(appends: readonly Append[]): Committed;
  /** Runs reads over one state of the table. */
  inOneState(reads: () => void): void;
  existing(streamIds: readonly string[]): ReadonlySet<string>;
  readStream(streamId: string, from: Revision, limit: number): readonly RecordedEvent[];
  readAll(after: Position, limit: number): readonly RecordedEvent[];
  head(): Position;
  /** A number that differs from the one before once another connection has changed the file. */
  dataVersion(): number;
}

interface Standing {
  readonly id: string;
  readonly position: Position;
}

const COLUMNS = 'position, stream_id, revision, id, type, data, metadata';

/** The table of an open log file. */
export function openEventTable(db: Database): EventTable {
  const insert = db.prepare<[...EventRow]>(`INSERT INTO events (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const begin = db.prepare<[...EventRow]>(
    `INSERT INTO events (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stream_id, revision) DO NOTHING`,
  );
  const selectRevision = db
    .prepare<[string], number | null>('SELECT max(revision) FROM events WHERE stream_id = ?')
    .pluck();
  const selectHead = db.prepare<[], number | null>('SELECT max(position) FROM events').pluck();
  const selectStanding = db.prepare<[string, Revision, number], Standing>(
    'SELECT id, position FROM events WHERE stream_id = ? AND revision > ? ORDER BY revision LIMIT ?',
  );
  const selectStream = db
    .prepare<[string, Revision, number], EventRow>(
      `SELECT ${COLUMNS} FROM events WHERE stream_id = ? AND revision >= ? ORDER BY revision LIMIT ?`,
    )
    .raw();
  const selectExisting = db
    .prepare<[string], string>(
      'SELECT stream_id FROM events WHERE revision = 0 AND stream_id IN (SELECT value FROM json_each(?))',
    )
    .pluck();
  const selectAll = db
    .prepare<[Position, number], EventRow>(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`)
    .raw();
  const selectDataVersion = db.prepare<[], number>('PRAGMA data_version').pluck();

  const head = (): Position => selectHead.get() ?? START;

  /** A stream has its first event at revision 0: whether that stands is seen by writing it, without a look at the index before. */
  function writeOne(append: Append, last: Position): Appended | RevisionConflict {
    const { streamId, expected, events } = append;
    if (expected !== NO_STREAM && revisionOf(streamId) !== expected) return refusedOrRepeated(append);
    let revision = expected;
    let position = last;
    for (const { id, type, data, metadata } of events) {
      const statement = revision === NO_STREAM ? begin : insert;
      const { changes } = statement.run(++position, streamId, ++revision, id, type, data, metadata);
      if (changes === 0) return refusedOrRepeated(append);
    }
    return { revision, position };
  }

  function revisionOf(streamId: string): Revision {
    return selectRevision.get(streamId) ?? NO_STREAM;
  }

  function refusedOrRepeated(append: Append): Appended | RevisionConflict {
    const { streamId, expected } = append;
    return repeated(append) ?? new RevisionConflict(streamId, expected, revisionOf(streamId));
  }

  function repeated(append: Append): Appended | undefined {
    const { streamId, expected, events } = append;
    const standing = selectStanding.all(streamId, expected, events.length);
    const last = standing.at(-1);
    return last && isRepeat(append, standing)
      ? { revision: expected + events.length, position: last.position }
      : undefined;
  }

  const commit = db.transaction((appends: readonly Append[]): Committed => {
    const before = head();
    let last = before;
    let written = 0;
    const answers = appends.map((append) => {
      const answer = writeOne(append, last);
      if (answer instanceof RevisionConflict || answer.position <= last) return answer;
      last = answer.position;
      written += 1;
      return answer;
    });
    return { answers, appends: written, events: last - before };
  });

  return {
    commit: commit.immediate,
    inOneState: db.transaction((reads: () => void) => reads()),
    existing: (streamIds) => new Set(selectExisting.all(JSON.stringify(streamIds))),
    readStream: (streamId, from, limit) => selectStream.all(streamId, from, limit).map(recordedEvent),
    readAll: (after, limit) => selectAll.all(after, limit).map(recordedEvent),
    head,
    dataVersion: () => selectDataVersion.get()!,
  };
}
