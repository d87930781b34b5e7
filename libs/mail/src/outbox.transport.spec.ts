import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createOutboxTransport } from './outbox.transport.js';

let scratch: string;
let directory: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'outbox-'));
  directory = join(scratch, 'data', 'outbox');
});
afterEach(() => rm(scratch, { recursive: true }));

const message = (deliveryId: string, text = 'hello') => ({
  deliveryId,
  raw: Buffer.from(`Subject: x\r\n\r\n${text}\r\n`),
  envelope: { from: 'a@example.nl', to: 'b@example.nl' },
});
const permissions = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('the outbox', () => {
  it('writes a message whole, for its owner only', async () => {
    const outbox = createOutboxTransport({ directory });
    expect(await outbox.send(message('delivery-1'))).toStrictEqual({ status: 'sent', response: 'written' });
    const path = join(directory, 'delivery-1.eml');
    expect(await readFile(path)).toStrictEqual(message('delivery-1').raw);
    expect([await permissions(path), await permissions(directory)]).toStrictEqual(['600', '700']);
    expect(await readdir(directory)).toStrictEqual(['delivery-1.eml']);
  });

  it('tells what was sent, also after a restart', async () => {
    expect(await createOutboxTransport({ directory }).wasSent?.('delivery-1')).toBe(false);
    await createOutboxTransport({ directory }).send(message('delivery-1'));
    expect(await createOutboxTransport({ directory }).wasSent?.('delivery-1')).toBe(true);
  });

  it('leaves a delivery that is there as it is', async () => {
    const outbox = createOutboxTransport({ directory });
    await outbox.send(message('delivery-1', 'first'));
    expect(await outbox.send(message('delivery-1', 'second'))).toMatchObject({ status: 'sent' });
    expect(await readFile(join(directory, 'delivery-1.eml'), 'utf8')).toContain('first');
  });

  it('writes over what a crash left half written', async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'delivery-1.eml.tmp'), 'x'.repeat(1000));
    const outbox = createOutboxTransport({ directory });
    expect(await outbox.wasSent?.('delivery-1')).toBe(false);
    await outbox.send(message('delivery-1'));
    expect(await readFile(join(directory, 'delivery-1.eml'))).toStrictEqual(message('delivery-1').raw);
    expect(await readdir(directory)).toStrictEqual(['delivery-1.eml']);
  });

  it('takes many at once, and the same one twice', async () => {
    const outbox = createOutboxTransport({ directory });
    const ids = Array.from({ length: 50 }, (_, index) => `delivery-${index}`);
    const outcomes = await Promise.all([...ids, ...ids].map((id) => outbox.send(message(id))));
    expect(new Set(outcomes.map(({ status }) => status))).toStrictEqual(new Set(['sent']));
    expect((await readdir(directory)).sort()).toStrictEqual(ids.map((id) => `${id}.eml`).sort());
  });

  it('defers a message that it cannot write, and says so when asked', async () => {
    await writeFile(join(scratch, 'data'), 'a file where the folder should be');
    const outbox = createOutboxTransport({ directory });
    expect(await outbox.send(message('delivery-1'))).toStrictEqual({ status: 'deferred', code: 'ENOTDIR' });
    await expect(outbox.verify()).rejects.toMatchObject({ code: 'MAIL_TRANSPORT_UNAVAILABLE', reason: 'ENOTDIR' });
    await rm(join(scratch, 'data'));
    await outbox.verify();
    expect(await outbox.send(message('delivery-1'))).toMatchObject({ status: 'sent' });
  });

  it('finishes what is under way when it closes, and defers what comes after', async () => {
    const outbox = createOutboxTransport({ directory });
    const sending = outbox.send(message('delivery-1'));
    await outbox.close();
    expect(await readdir(directory)).toStrictEqual(['delivery-1.eml']);
    expect(await sending).toMatchObject({ status: 'sent' });
    expect(await outbox.send(message('delivery-2'))).toStrictEqual({ status: 'deferred', code: 'CLOSED' });
  });

  it('never writes outside its folder', async () => {
    const outbox = createOutboxTransport({ directory });
    for (const id of ['../x', 'a/b', '.hidden', '', 'x\0'])
      await expect(outbox.send(message(id))).rejects.toMatchObject({ code: 'INVALID_DELIVERY_ID' });
  });
});
