import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { NO_STREAM } from '@consent-ledger/event-store';
import { openReadModels } from '@consent-ledger/projections';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contactId, event, makeLedger, type LedgerFixture } from './ledger.fixture.js';

describe('verifying a ledger', () => {
  let ledger: LedgerFixture;
  beforeEach(async () => {
    ledger = await makeLedger();
    await ledger.run(['keys', 'create', '--name', 'crm', '--scopes', 'mail']);
    await ledger.addContact(contactId(2));
    await ledger.addContact(contactId(3));
    await ledger.run(['rebuild']);
  });
  afterEach(() => ledger.remove());

  const alter = (file: 'log.sqlite' | 'read-models.sqlite', sql: string) => {
    const db = new Database(join(ledger.directory, file));
    db.exec(sql);
    db.close();
  };

  it('finds a sound one sound', async () => {
    expect(await ledger.run(['verify'])).toStrictEqual({
      code: 0,
      stdout: [
        'ok     log          5 events in 3 streams, unbroken and readable',
        'ok     policies     is what the log says',
        'ok     api-keys     is what the log says',
        'ok     preferences  is what the log says',
        'ok     deliveries   is what the log says',
        'ok     requests     is what the log says',
        'ok     templates    is what the log says',
        'ok     due-dates    follows from the preferences',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it('compares read models that are behind with the log up to where they are', async () => {
    await ledger.addContact(contactId(4));
    const { code, stdout } = await ledger.run(['verify']);
    expect(code).toBe(0);
    expect(stdout).toContain('ok     preferences  is what the log says, 2 events behind its end\n');
  });

  it.each([
    [
      'a row that is another',
      "UPDATE preferences SET state = replace(state, 'newsletter', 'new') WHERE revision = 1",
      2,
    ],
    [
      'a row that is missing',
      'DELETE FROM preferences WHERE contact_id = (SELECT max(contact_id) FROM preferences)',
      1,
    ],
    ['a row too many', 'INSERT INTO preferences SELECT zeroblob(16), revision, state FROM preferences LIMIT 1', 1],
  ])('finds %s in the read models', async (_, sql, rows) => {
    alter('read-models.sqlite', sql);
    const { code, stdout, stderr } = await ledger.run(['verify']);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `FAULT  preferences  ${rows} rows differ from what the log says: "ledger rebuild --projection preferences"\n`,
    );
    expect(stdout).toContain('ok     api-keys     is what the log says\n');
    expect(stderr).toBe('Faults were found: the lines above that begin with FAULT.\n');
  });

  it('finds a hole in a stream', async () => {
    alter('log.sqlite', `DELETE FROM events WHERE position = 1`);
    const { code, stdout } = await ledger.run(['verify']);
    expect(code).toBe(1);
    expect(stdout).toContain('Revision 1 at position 2 does not follow revision -1 of its stream.');
    expect(stdout).toContain('FAULT  preferences  Projection "preferences" cannot handle the OptedOut at position 2.');
  });

  it('finds events that this release cannot read, and tells the first twenty', async () => {
    const unknown = Array.from({ length: 25 }, () => event('OptedSideways', {}));
    await ledger.withStore((store) => store.append(`contact-${contactId(4)}`, NO_STREAM, unknown));
    const { code, stdout } = await ledger.run(['verify']);
    expect(code).toBe(1);
    expect(stdout).toContain('The event at position 5 is of an unknown type.\n');
    expect(stdout).toContain('The event at position 24 is of an unknown type.\n');
    expect(stdout).not.toContain('The event at position 25 is of an unknown type.\n');
    expect(stdout).toContain('and 5 faults more');
  });

  it('finds an event without its instants, and a policy that cannot be judged by', async () => {
    await ledger.withStore((store) =>
      store.append('mailing-spring', NO_STREAM, [event('MailingCreated', {}, { occurredAt: 'yesterday' })]),
    );
    await ledger.withStore((store) => store.append('policy-shop', NO_STREAM, [event('PolicyWithdrawn', {})]));
    const { code, stdout } = await ledger.run(['verify']);
    expect(code).toBe(1);
    expect(stdout).toContain('The event at position 5 has no RFC 3339 occurredAt.');
    expect(stdout).toContain('The event at position 6 is not one of a policy.');
  });

  it('finds read models that belong to another log', async () => {
    alter('log.sqlite', 'DELETE FROM events WHERE position > 2');
    const { code, stdout } = await ledger.run(['verify']);
    expect(code).toBe(1);
    expect(stdout).toContain(
      'FAULT  preferences  stands at position 4, but the log ends at 2: it is of another log, or this one has lost its end. The service builds it anew when it starts.\n',
    );
  });

  it('does not judge what another release projected', async () => {
    alter('read-models.sqlite', "UPDATE checkpoints SET version = 99 WHERE name = 'deliveries'");
    const { code, stdout } = await ledger.run(['verify']);
    expect(code).toBe(0);
    expect(stdout).toContain('ok     deliveries   is of another release; the service builds it anew when it starts\n');
  });

  it('reads the log while the service runs, and leaves its read models alone', async () => {
    const held = openReadModels(ledger.readModelsPath);
    const { code, stdout } = await ledger.run(['verify']);
    held.close();
    expect(code).toBe(0);
    expect(stdout).toContain('ok     read models  are not compared: the service runs, and keeps them to itself\n');
    expect(stdout).toContain('ok     preferences  can be built from the log\n');
  });

  it('tells damaged read models from a damaged log', async () => {
    writeFileSync(ledger.readModelsPath, 'not a database, '.repeat(1000));
    const { code, stdout } = await ledger.run(['verify']);
    expect(code).toBe(1);
    expect(stdout).toContain('FAULT  read models  cannot be read: their file is damaged. Delete it;');
    expect(stdout).toContain('ok     log ');
  });

  it('stops when asked to', async () => {
    const { code, stdout, stderr } = await ledger.run(['verify'], { signal: AbortSignal.abort() });
    expect({ code, stdout, stderr }).toStrictEqual({ code: 1, stdout: '', stderr: 'Stopped before the end.\n' });
  });
});
