import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLogFile, UnusableLogFile } from './log-file.js';

describe('opening the file of a log', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-file-'));
    path = join(folder, 'log.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (...statements: string[]) => {
    const db = new Database(path);
    for (const statement of statements) db.exec(statement);
    db.close();
  };
  const refusal = () => {
    try {
      openLogFile(path).close();
    } catch (error) {
      return error as UnusableLogFile;
    }
    throw new Error('The file was opened.');
  };

  it('syncs every commit to the disk, in a write-ahead log', () => {
    const db = openLogFile(path);

    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    db.close();
  });

  it('opens a file that it made before', () => {
    openLogFile(path).close();

    const db = openLogFile(path);
    expect(db.pragma('user_version', { simple: true })).toBe(1);
    db.close();
  });

  it('finds a stream by its index and the log by its table, without sorting', () => {
    const db = openLogFile(path);
    const plan = (sql: string) => db.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all()[0]!.detail;

    expect(plan(`SELECT * FROM events WHERE stream_id = 'a' AND revision >= 0 ORDER BY revision LIMIT 9`)).toBe(
      'SEARCH events USING INDEX events_by_stream (stream_id=? AND revision>?)',
    );
    expect(plan('SELECT * FROM events WHERE position > 0 ORDER BY position LIMIT 9')).toBe(
      'SEARCH events USING INTEGER PRIMARY KEY (rowid>?)',
    );
    db.close();
  });

  it.each([
    {
      case: 'a folder that is not there',
      prepare: () => (path = join(folder, 'absent', 'log.db')),
      says: 'Check that its folder exists',
    },
    { case: 'a folder in place of the file', prepare: () => mkdirSync(path), says: 'Check that its folder exists' },
    {
      case: 'a file that is not a database',
      prepare: () => writeFileSync(path, 'not a database, '.repeat(1000)),
      says: 'Restore it from a backup',
    },
    {
      case: 'the database of another program',
      prepare: () => write('CREATE TABLE invoices (id INTEGER)'),
      says: 'is the database of another program',
    },
    {
      case: 'a log of a later schema',
      prepare: () => write('CREATE TABLE events (position INTEGER)', 'PRAGMA user_version = 7'),
      says: 'has schema version 7; this release knows versions up to 1',
    },
  ])('refuses $case and says what to do', ({ prepare, says }) => {
    prepare();

    const error = refusal();
    expect(error).toBeInstanceOf(UnusableLogFile);
    expect(error.message).toContain(path);
    expect(error.message).toContain(says);
  });

  it('leaves the database of another program as it was', () => {
    write('CREATE TABLE invoices (id INTEGER)');
    refusal();

    const db = new Database(path);
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete');
    db.close();
  });

  it('refuses a file that may only be read, before the first append', () => {
    openLogFile(path).close();
    chmodSync(path, 0o400);

    expect(asOrdinaryUser(refusal).message).toContain('Give this user the right to write');
  });

  /** Root may write to any file, so whoever runs the specs as root becomes another user for a moment. */
  function asOrdinaryUser<T>(act: () => T): T {
    if (process.geteuid?.() !== 0) return act();
    const nobody = 65_534;
    chmodSync(folder, 0o755);
    for (const file of [folder, ...readdirSync(folder).map((name) => join(folder, name))])
      chownSync(file, nobody, nobody);
    process.seteuid!(nobody);
    try {
      return act();
    } finally {
      process.seteuid!(0);
    }
  }
});
