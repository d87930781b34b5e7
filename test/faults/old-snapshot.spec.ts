import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { optIn, optOut } from '../mail/steps.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';
import { formsFound } from './raw-bytes.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(120_000);

const LEDGER = join(process.cwd(), 'dist/apps/cli/src/main.js');
const execFileAsync = promisify(execFile);

let server: EventStoreDbServer;
beforeEach(async () => {
  server = await startEventStoreDbServer();
});
afterEach(async () => {
  await cleanUp();
  await server.stop();
});

/** What the read models answer, with no look into the log. */
async function projectedReason(service: BuiltService, address: string): Promise<string> {
  return (await service.post('/v1/eligibility', { address, purpose: 'newsletter' })).body.reason as string;
}

describe('a process that starts from an old snapshot', () => {
  it('knows of every opt-out and erasure since before it gives its first answer (P4, P7)', async () => {
    const directory = await newDirectory();
    const settings = {
      LEDGER_PEPPER: Buffer.alloc(32, 1).toString('base64'),
      LEDGER_MASTER_KEY: Buffer.alloc(32, 2).toString('base64'),
      LEDGER_LINK_KEYS: `k1:${Buffer.alloc(32, 3).toString('base64')}`,
      EVENT_STORE_URL: server.connectionString,
    };
    const ledger = async (...args: readonly string[]) =>
      (await execFileAsync(process.execPath, [LEDGER, ...args], { env: { ...settings, DATA_DIR: directory } })).stdout;
    const readModels = join(directory, 'read-models.sqlite');
    const snapshot = join(directory, 'snapshot.gz');

    const service = await startBuilt(directory, settings);
    for (const name of ['an', 'piet', 'eva']) await optIn(service, `${name}@example.nl`);
    await ledger('snapshot', snapshot);
    const held = gunzipSync(await readFile(snapshot));
    expect(formsFound(held, 'eva@example.nl')).toStrictEqual([]);

    await optOut(service, 'piet@example.nl');
    const erasure = { address: 'eva@example.nl', reason: 'request', source: { kind: 'customer-service' } };
    expect((await service.post('/v1/erasures', erasure)).status).toBe(201);
    await service.end('SIGTERM');
    await rm(readModels);
    expect(await ledger('snapshot', snapshot, '--restore')).toContain('starts from it');
    expect(await readFile(readModels)).toHaveLength(held.length);

    const started = await startBuilt(directory, settings);
    const reasons = [];
    for (const name of ['eva', 'piet', 'an']) reasons.push(await projectedReason(started, `${name}@example.nl`));
    expect(reasons).toStrictEqual(['ERASED', 'OPTED_OUT', 'CONSENT']);
  });
});
