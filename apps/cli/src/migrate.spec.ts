import { join } from 'node:path';
import { openSqliteEventStore } from '@consent-ledger/event-store';
import { openReadModels } from '@consent-ledger/projections';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contactId, makeLedger, type LedgerFixture } from './ledger.fixture.js';

describe('moving the log to another store', () => {
  let ledger: LedgerFixture;
  let server: EventStoreDbServer;
  beforeEach(async () => {
    ledger = await makeLedger();
    server = await startEventStoreDbServer();
    await ledger.addContact(contactId(2));
    await ledger.addContact(contactId(3));
  });
  afterEach(async () => {
    await server.stop();
    ledger.remove();
  });

  it('goes to the server of EVENT_STORE_URL, says what both sides hold, and copies nothing twice', async () => {
    const environment = { EVENT_STORE_URL: server.connectionString };
    const first = await ledger.run(['migrate'], { environment });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const [, copied, source, target] =
      /^events {2}4 are the same, (\d) of them copied now; the last at position 3 of the source\nsource {2}([\da-f]{64})\ntarget {2}([\da-f]{64})\n$/.exec(
        first.stdout,
      )!;
    expect(copied).toBe('4');
    expect(target).toBe(source);

    const second = await ledger.run(['migrate'], { environment });
    expect(second.stdout).toBe(first.stdout.replace('4 of them', '0 of them'));
  });

  it('goes back into a file, which then holds the same', async () => {
    const { connectionString } = server;
    const copy = join(ledger.directory, 'copy.sqlite');
    await ledger.run(['migrate', '--to', connectionString]);
    expect(await ledger.run(['migrate', '--from', connectionString, '--to', copy])).toMatchObject({ code: 0 });

    expect(await ledger.run(['migrate', '--check', '--to', copy])).toMatchObject({ code: 0, stderr: '' });
    const log = openSqliteEventStore({ path: copy });
    expect(await log.readAll(-1, 100)).toStrictEqual(await ledger.withStore((store) => store.readAll(-1, 100)));
    await log.close();
  });

  it('only compares when that is asked for, and says that the target lacks something', async () => {
    const checked = await ledger.run(['migrate', '--check', '--to', server.connectionString]);
    expect(checked).toMatchObject({ code: 3, stderr: 'The target lacks what came after that in the source.\n' });
    expect(checked.stdout).toContain('events  0 are the same; the last at position -1 of the source\n');
    expect(server.log.records.filter(({ stream }) => stream.startsWith('contact-'))).toStrictEqual([]);
  });

  it('copies beside a service that runs, and says that it must be stopped and the rest copied', async () => {
    const service = openReadModels(ledger.readModelsPath);
    const copying = await ledger.run(['migrate', '--to', server.connectionString]);
    service.close();
    expect(copying).toMatchObject({
      code: 3,
      stderr: 'A service still writes to the source. Stop it, then run this again: it takes what came since.\n',
    });
    expect(copying.stdout).toContain('4 of them copied now');

    await ledger.addContact(contactId(4));
    expect((await ledger.run(['migrate', '--to', server.connectionString])).stdout).toContain('2 of them copied now');
  });

  it('stops when it is asked to, and says that the same command goes on', async () => {
    const stop = AbortSignal.abort();
    expect(await ledger.run(['migrate', '--to', server.connectionString], { signal: stop })).toMatchObject({
      code: 3,
      stderr: 'Stopped. The same command goes on from there.\n',
    });
  });

  it('refuses a target that holds anything else', async () => {
    const other = await makeLedger();
    await other.addContact(contactId(5));
    await other.run(['migrate', '--to', server.connectionString]);
    other.remove();
    expect(await ledger.run(['migrate', '--to', server.connectionString])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^The logs differ: the OptedIn at position \d+ of the target is not in the source\.\n$/,
      ),
    });
  });

  it.each([
    [['migrate'], 2, 'Name the target: --to esdb://…, or EVENT_STORE_URL.\n'],
    [['migrate', '--to', 'missing/../log', '--from', 'log'], 1, /^There is no event log at .*log\. Name one/],
  ])('says what is missing in %j', async (args, code, stderr) => {
    const told = await ledger.run(args);
    expect(told.code).toBe(code);
    if (typeof stderr === 'string') expect(told.stderr).toBe(stderr);
    else expect(told.stderr).toMatch(stderr);
  });

  it('does not copy a log onto itself', async () => {
    const log = join(ledger.directory, 'log.sqlite');
    expect(await ledger.run(['migrate', '--to', log])).toMatchObject({ code: 2 });
  });

  it('shows no password, whatever is wrong with the URL or the server', async () => {
    const { port } = server;
    await server.stop();
    for (const to of [`esdb://admin:s3cret@127.0.0.1:${port}?tls=perhaps&what=s3cret`, 'esdb://admin:s3cret@'])
      expect(JSON.stringify(await ledger.run(['migrate', '--to', to]))).not.toContain('s3cret');
    server = await startEventStoreDbServer();
  });
});
