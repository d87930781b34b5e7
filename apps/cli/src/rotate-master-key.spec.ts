import { dataFiles } from '@consent-ledger/platform';
import { openSqliteKeyVault } from '@consent-ledger/privacy';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { makeLedger, type LedgerFixture } from './ledger.fixture.js';

const secret = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const others = { LEDGER_PEPPER: secret(8), LEDGER_LINK_KEYS: `k1:${secret(9)}` };
const both = { ...others, LEDGER_MASTER_KEYS: `m2:${secret(2)},m1:${secret(1)}` };
const rotate = ['keys', 'rotate-master'];

describe('ledger keys rotate-master', () => {
  let ledger: LedgerFixture;
  let path: string;
  beforeEach(async () => {
    ledger = await makeLedger();
    path = dataFiles(ledger.directory).vault;
    const vault = openSqliteKeyVault({ path, masterKeys: [{ id: 'm1', secret: Buffer.alloc(32, 1) }] });
    await vault.keysFor(Array.from({ length: 450 }, (_, at) => `contact-${at}`));
    await vault.close();
  });
  afterEach(() => ledger.remove());

  const done = (keys: number) =>
    `${keys} keys were wrapped anew. Every key is under "m2" now.\n` +
    'Take "m1" out of LEDGER_MASTER_KEYS of every process, start each again, and destroy it.\n';

  it('wraps every key anew and says which master key may go, and says it again when it is asked again', async () => {
    expect(await ledger.run(rotate, { environment: both })).toStrictEqual({ code: 0, stdout: done(450), stderr: '' });
    expect(await ledger.run(rotate, { environment: both })).toMatchObject({ code: 0, stdout: done(0) });
  });

  it('says what to do where there is one master key', async () => {
    const environment = { ...others, LEDGER_MASTER_KEY: secret(1) };
    const { code, stderr } = await ledger.run(rotate, { environment });
    expect([code, stderr]).toStrictEqual([1, expect.stringMatching(/^There is one master key\. Make another/)]);
  });

  it('does not say that a key may go when it was stopped, and goes on from there', async () => {
    const { code, stdout, stderr } = await ledger.run(rotate, { environment: both, signal: AbortSignal.abort() });
    expect([code, stdout]).toStrictEqual([1, '']);
    expect(stderr).toBe(
      'Stopped after 200 keys. Nothing is lost; the same command goes on from there. Keep every master key until it says otherwise.\n',
    );
    expect(await ledger.run(rotate, { environment: both })).toMatchObject({ code: 0, stdout: done(250) });
  });

  it('does not say so while somebody holds on to bytes from before', async () => {
    const reader = new Database(path);
    reader.exec('BEGIN; SELECT count(*) FROM data_keys');
    const { code, stdout, stderr } = await ledger.run(rotate, { environment: both });
    reader.close();
    expect([code, stdout]).toStrictEqual([1, '']);
    expect(stderr).toMatch(/^Every key is wrapped anew, but another process .* Keep every master key/);
  });

  it('refuses master keys of which none is the one that the vault was made with', async () => {
    const environment = { ...others, LEDGER_MASTER_KEYS: `m2:${secret(2)},m3:${secret(3)}` };
    const { code, stderr } = await ledger.run(rotate, { environment });
    expect([code, stderr]).toStrictEqual([1, expect.stringMatching(/made with another master key/)]);
    expect(stderr).not.toContain(secret(2));
  });
});
