import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { optIn } from '../mail/steps.js';
import { cleanUp, ledger, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(120_000);
afterEach(cleanUp);

async function erase(service: BuiltService, address: string): Promise<void> {
  const erasure = { address, reason: 'request', source: { kind: 'customer-service' } };
  expect((await service.post('/v1/erasures', erasure)).status).toBe(201);
}

const isDestroyed = async (service: BuiltService, contactId: string) =>
  (await service.get(`/v1/erasures/${contactId}`)).body.keyDestroyed as boolean;

/** What is sealed beside the events of a contact, as far as it can be read. */
async function personalDataOf(service: BuiltService, contactId: string): Promise<unknown[]> {
  const { status, body } = await service.get(`/v1/contacts/${contactId}/history`);
  expect(status).toBe(200);
  return body.events.map(({ personal }: { personal?: unknown }) => personal);
}

const address = (name: string) => `${name}@example.nl`;

describe('a vault that was restored from a copy of before erasures', () => {
  it('has their keys destroyed again, and nobody else’s (P7)', async () => {
    const directory = await newDirectory();
    const vault = join(directory, 'vault.sqlite');
    const first = await startBuilt(directory);
    const an = await optIn(first, address('an'));
    const eva = await optIn(first, address('eva'));
    await first.end('SIGTERM');
    await cp(vault, `${vault}.copy`);

    const second = await startBuilt(directory);
    await erase(second, address('eva'));
    expect(await isDestroyed(second, eva)).toBe(true);
    await second.end('SIGTERM');
    await cp(`${vault}.copy`, vault);

    const restored = await startBuilt(directory);
    expect(await isDestroyed(restored, eva)).toBe(false);
    await restored.end('SIGTERM');

    expect(await ledger(directory, 'repeat-erasures')).toBe(
      '1 contacts were erased; the keys of 1 had come back, and were destroyed\n',
    );
    expect(await ledger(directory, 'repeat-erasures')).toContain('the keys of 0 had come back');
    const last = await startBuilt(directory);
    expect(await isDestroyed(last, eva)).toBe(true);
    expect(JSON.stringify(await personalDataOf(last, eva))).not.toContain(address('eva'));
    expect(JSON.stringify(await personalDataOf(last, an))).toContain(address('an'));
  });

  it('leaves the key of whoever came back, and tells of one that was taken up again before this was run (P7)', async () => {
    const directory = await newDirectory();
    const vault = join(directory, 'vault.sqlite');
    const service = await startBuilt(directory);
    const eva = await optIn(service, address('eva'));
    await service.end('SIGTERM');
    await cp(vault, `${vault}.copy`);

    const second = await startBuilt(directory);
    await erase(second, address('eva'));
    await optIn(second, address('eva'));
    await second.end('SIGTERM');
    expect(await ledger(directory, 'repeat-erasures')).toContain('the keys of 0 had come back');

    const third = await startBuilt(directory);
    expect(JSON.stringify((await personalDataOf(third, eva)).at(-1))).toContain(address('eva'));
    await erase(third, address('eva'));
    await third.end('SIGTERM');
    await cp(`${vault}.copy`, vault);
    const fourth = await startBuilt(directory);
    await optIn(fourth, address('eva'));
    await fourth.end('SIGTERM');
    await expect(ledger(directory, 'repeat-erasures')).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^1 came back before this was run/),
    });
  });
});
