import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { optIn, optOut, verdictOf } from '../mail/steps.js';
import { eventually } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(180_000);

const LEDGER = join(process.cwd(), 'dist/apps/cli/src/main.js');
const ROWS = 20_000;
const secrets = {
  LEDGER_PEPPER: Buffer.alloc(32, 1).toString('base64'),
  LEDGER_MASTER_KEY: Buffer.alloc(32, 2).toString('base64'),
  LEDGER_LINK_KEYS: `k1:${Buffer.alloc(32, 3).toString('base64')}`,
};

let directory: string;
let server: EventStoreDbServer;
const children = new Set<ChildProcess>();
beforeEach(async () => {
  if (!existsSync(LEDGER)) throw new Error('The command line is not built: run "npm run build" first.');
  directory = await newDirectory();
  server = await startEventStoreDbServer();
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await cleanUp();
  await server.stop();
});

function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [LEDGER, ...args], {
    env: { DATA_DIR: directory, ...secrets },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    return { code: code as number | null, output };
  });
  return { ended, kill: () => child.kill('SIGKILL') };
}

const copied = () => server.log.records.filter(({ stream }) => !stream.startsWith('$')).length;

/** All that the service says of a contact, but for the place of it in the log. */
async function knownOf(service: BuiltService, contactId: string, at: string) {
  const history = (await service.get(`/v1/contacts/${contactId}/history?at=${at}&knownAt=${at}`)).body;
  const replayed = (await service.post(`/v1/contacts/${contactId}/replay`, { purpose: 'newsletter', at, knownAt: at }))
    .body;
  expect(history.events.length).toBeGreaterThan(0);
  return JSON.parse(JSON.stringify({ history, replayed }, (key, value: unknown) => (key === 'position' ? 0 : value)));
}

describe('a log of 20 000 events that is moved to EventStoreDB', () => {
  it('is there once and whole, and answers as before, when the command is killed and the connection cut on the way', async () => {
    const file = join(directory, 'contacts.csv');
    const rows = Array.from({ length: ROWS }, (_, n) => `reader-${n}@example.org,2025-02-03 04:05:06,`);
    await writeFile(file, `Email Address,OPTIN_TIME,UNSUB_TIME\n${rows.join('\n')}\n`);
    const before = await startBuilt(directory, secrets);
    const an = await optIn(before, 'an@example.nl');
    const piet = await optIn(before, 'piet@example.nl');
    await optOut(before, 'piet@example.nl');
    const eva = await optIn(before, 'eva@example.nl');
    expect((await before.post('/v1/erasures', erasureOf('eva@example.nl'))).status).toBe(201);
    const imported = ['--preset', 'mailchimp', '--purposes', 'newsletter', '--statement', 'signup-form@1:nl'];
    expect((await run('import', file, ...imported).ended).code).toBe(0);
    const reader = await optIn(before, 'reader-19999@example.org', ['event-invitation']);
    const moment = new Date().toISOString();
    const contacts = [an, piet, eva, reader];
    const known = await Promise.all(contacts.map((contact) => knownOf(before, contact, moment)));
    await before.end('SIGTERM');

    for (const reached of [2_000, 9_000]) {
      const { ended, kill } = run('migrate', '--to', server.connectionString);
      await eventually(() => expect(copied()).toBeGreaterThan(reached), 60);
      kill();
      expect((await ended).code).toBeNull();
      expect(copied()).toBeLessThan(ROWS);
    }
    const last = run('migrate', '--to', server.connectionString);
    await eventually(() => expect(copied()).toBeGreaterThan(15_000), 60);
    server.cut();
    const { code, output } = await last.ended;
    expect(code).toBe(0);
    const [, source, target] = /^source {2}([\da-f]{64})\ntarget {2}([\da-f]{64})$/m.exec(output)!;
    expect(target).toBe(source);
    expect(new Set(server.log.records.map(({ id }) => id)).size).toBe(server.log.records.length);
    expect(copied()).toBeGreaterThan(ROWS);

    await rename(join(directory, 'log.sqlite'), join(directory, 'moved.sqlite'));
    const after = await startBuilt(directory, { ...secrets, EVENT_STORE_URL: server.connectionString });
    expect(await Promise.all(contacts.map((contact) => knownOf(after, contact, moment)))).toStrictEqual(known);
    expect(await verdictOf(after, 'piet@example.nl')).toMatchObject({ reason: 'OPTED_OUT' });
    expect(await verdictOf(after, 'eva@example.nl')).toMatchObject({ reason: 'ERASED' });
    expect(await verdictOf(after, 'reader-7@example.org')).toMatchObject({ reason: 'CONSENT' });
    expect(existsSync(join(directory, 'log.sqlite'))).toBe(false);
  });
});

function erasureOf(address: string) {
  return { address, reason: 'request', source: { kind: 'customer-service' } };
}
