import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLedger } from '@consent-ledger/application';
import { openSqliteEventStore, START, type RecordedEvent } from '@consent-ledger/event-store';
import { readConfiguration, silentLogger } from '@consent-ledger/platform';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/service.js';
import { cleanUp, newDirectory } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(180_000);

const LEDGER = join(process.cwd(), 'dist/apps/cli/src/main.js');
/** So many that none of the kills below comes when all of them are there already. */
const ROWS = 40_000;
const secrets = {
  LEDGER_PEPPER: Buffer.alloc(32, 1).toString('base64'),
  LEDGER_MASTER_KEY: Buffer.alloc(32, 2).toString('base64'),
  LEDGER_LINK_KEYS: `k1:${Buffer.alloc(32, 3).toString('base64')}`,
};

const children = new Set<ChildProcess>();
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await cleanUp();
});

/** A new ledger, as a first start leaves it; all of them have the same secrets. */
async function newLedger(name: string, root: string): Promise<string> {
  const directory = join(root, name);
  await mkdir(directory);
  const configuration = readConfiguration({ DATA_DIR: directory, ...secrets });
  const ledger = await openLedger({ configuration, logger: silentLogger, publicUrl: 'http://localhost:3000' });
  await ledger.start();
  await ledger.close();
  return directory;
}

function startImport(directory: string, file: string): ChildProcess {
  const args = ['import', file, '--preset', 'mailchimp', '--purposes', 'newsletter', '--statement', 'signup-form@1:nl'];
  const child = spawn(process.execPath, [LEDGER, ...args], {
    env: { DATA_DIR: directory, ...secrets },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** How many events the log of a ledger has. */
async function sizeOf(directory: string): Promise<number> {
  const store = openSqliteEventStore({ path: join(directory, 'log.sqlite') });
  const head = await store.head();
  await store.close();
  return head;
}

async function logOf(directory: string): Promise<readonly RecordedEvent[]> {
  const store = openSqliteEventStore({ path: join(directory, 'log.sqlite') });
  const recorded = await store.readAll(START, 1_000_000);
  await store.close();
  return recorded;
}

/** What stands of the contacts: everything but when it was recorded, where, and the random bytes of a seal. */
function contactsIn(log: readonly RecordedEvent[]) {
  return log
    .filter(({ streamId }) => streamId.startsWith('contact-'))
    .map(({ streamId, revision, id, type, data: { sealed, ...data }, metadata: { recordedAt, ...metadata } }) => {
      expect([typeof sealed, typeof recordedAt]).toStrictEqual(['string', 'string']);
      return { streamId, revision, id, type, data, occurredAt: metadata['occurredAt'], importId: metadata['importId'] };
    })
    .sort((a, b) => (a.streamId < b.streamId ? -1 : a.streamId > b.streamId ? 1 : a.revision - b.revision));
}

describe('an import that is killed in the middle', () => {
  it('leaves, once it is repeated, the log that it would have left undisturbed', async () => {
    if (!existsSync(LEDGER)) throw new Error('The command line is not built: run "npm run build" first.');
    const root = await newDirectory();
    const file = join(root, 'contacts.csv');
    const row = (n: number) =>
      n % 5 === 0 ? `reader-${n}@example.org,,2023-08-01 12:00:00` : `reader-${n}@example.org,2025-02-03 04:05:06,`;
    const rows = Array.from({ length: ROWS }, (_, n) => row(n));
    await writeFile(file, `Email Address,OPTIN_TIME,UNSUB_TIME\n${rows.join('\n')}\n`);
    const [killed, whole] = [await newLedger('killed', root), await newLedger('whole', root)];

    for (const reached of [1_000, 12_000]) {
      const child = startImport(killed, file);
      const exited = once(child, 'exit');
      await eventually(async () => expect(await sizeOf(killed)).toBeGreaterThan(reached), 60);
      child.kill('SIGKILL');
      expect(await exited).toStrictEqual([null, 'SIGKILL']);
      expect(await sizeOf(killed)).toBeLessThan(ROWS);
    }
    for (const directory of [killed, whole])
      expect(await once(startImport(directory, file), 'exit')).toStrictEqual([0, null]);

    const contacts = contactsIn(await logOf(killed));
    expect(contacts).toHaveLength(ROWS);
    expect(contacts).toStrictEqual(contactsIn(await logOf(whole)));
  });
});
