import { describe, expect, it } from '@jest/globals';
import { passingStorageFaultIn, storageFaultIn } from './storage-fault.js';

const sqlite = (code: string) => Object.assign(new Error('as SQLite says'), { code });
const wrapped = (cause: Error) => new Error('The log could not commit.', { cause: new Error('Inner.', { cause }) });

describe('a fault of what is stored', () => {
  it.each([
    'SQLITE_FULL',
    'SQLITE_IOERR_WRITE',
    'SQLITE_BUSY',
    'SQLITE_READONLY_DBMOVED',
    'LOG_UNAVAILABLE',
    'APPEND_OUTCOME_UNKNOWN',
    'KEY_VAULT_UNAVAILABLE',
  ])('such as %s may pass', (code) => {
    expect(storageFaultIn(wrapped(sqlite(code)))).toBe(code);
    expect(passingStorageFaultIn(wrapped(sqlite(code)))).toBe(code);
  });

  it.each(['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'LOG_REFUSED', 'UNUSABLE_KEY_VAULT', 'KEY_REMNANT'])(
    'such as %s does not',
    (code) => {
      expect(storageFaultIn(sqlite(code))).toBe(code);
      expect(passingStorageFaultIn(sqlite(code))).toBeUndefined();
    },
  );

  it.each([
    sqlite('SQLITE_CONSTRAINT_UNIQUE'),
    sqlite('SQLITE_ERROR'),
    sqlite('ENOSPC'),
    new TypeError('no'),
    undefined,
    'SQLITE_FULL',
  ])('is not %s', (error) => {
    expect(storageFaultIn(error)).toBeUndefined();
    expect(passingStorageFaultIn(error)).toBeUndefined();
  });
});
