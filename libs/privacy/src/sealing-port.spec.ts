import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createMemoryKeyVault } from './memory-key-vault.js';
import { createPersonalData, type PersonalData, type Unsealed } from './personal-data.js';
import { sealForPort, sealThroughPort } from './sealing-port.js';

const place = (n: number) => ({ streamId: `contact-${n}`, eventId: `event-${n}` });
const unsealed = (from: number, until: number): Unsealed[] =>
  Array.from({ length: until - from }, (_, i) => from + i).map((n) => ({
    contactId: `contact-${n}`,
    place: place(n),
    value: { address: `reader-${n}@example.org` },
  }));

const ports: { close(): void }[] = [];
afterEach(() => ports.splice(0).forEach((port) => port.close()));

function given(sealing?: Pick<PersonalData, 'sealEach'>) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  const personalData = createPersonalData(createMemoryKeyVault());
  return { personalData, ended: sealForPort(port2, sealing ?? personalData), ...sealThroughPort(port1) };
}

describe('sealing through a port', () => {
  it('answers each question with the seals of its own values, in their order', async () => {
    const { personalData, sealEach } = given();
    const answers = await Promise.all([sealEach(unsealed(0, 3)), sealEach([]), sealEach(unsealed(3, 5))]);
    expect(answers.map((sealed) => sealed.length)).toStrictEqual([3, 0, 2]);
    const opened = answers.flat().map((sealed, n) => personalData.open(`contact-${n}`, place(n), sealed));
    expect(await Promise.all(opened)).toStrictEqual(unsealed(0, 5).map(({ value }) => value));
  });

  it('tells why something could not be sealed, and seals the next', async () => {
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    const outcomes = [Promise.reject(new Error('The commit failed.', { cause: full })), Promise.resolve(['sealed'])];
    const { sealEach } = given({ sealEach: () => outcomes.shift()! });
    await expect(sealEach(unsealed(0, 1))).rejects.toMatchObject({
      message: expect.stringContaining('nothing of it was recorded'),
      cause: { message: 'The commit failed.', cause: { code: 'SQLITE_FULL' } },
    });
    expect(await sealEach(unsealed(0, 1))).toStrictEqual(['sealed']);
  });

  it('answers all that it was asked before it ends', async () => {
    const { sealEach, end, ended } = given();
    const answers = Promise.all([sealEach(unsealed(0, 2)), sealEach(unsealed(2, 3))]);
    end();
    expect(await answers).toMatchObject([{ length: 2 }, { length: 1 }]);
    await ended;
  });

  it('rejects what waits and what follows once the other end is gone', async () => {
    const { sealEach, fail } = given({ sealEach: () => new Promise(() => undefined) });
    const waiting = sealEach(unsealed(0, 1));
    fail(new Error('out of memory'));
    await expect(waiting).rejects.toMatchObject({ cause: { message: 'out of memory' } });
    fail(new Error('it has ended'));
    await expect(sealEach([])).rejects.toMatchObject({ cause: { message: 'out of memory' } });
  });
});
