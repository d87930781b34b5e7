import { hashApiKey } from '@consent-ledger/platform';
import { START } from '@consent-ledger/event-store';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeLedger, type LedgerFixture } from './ledger.fixture.js';

const create = ['keys', 'create', '--name', 'CRM feed', '--scopes', 'record,eligibility'];

describe('API keys on the command line', () => {
  let ledger: LedgerFixture;
  beforeEach(async () => {
    ledger = await makeLedger();
  });
  afterEach(() => ledger.remove());

  const createdKey = async (at = 0) => {
    const { stdout } = await ledger.run([...create, '--json'], { clock: { now: () => at } });
    return JSON.parse(stdout) as { keyId: string; key: string };
  };

  it('prints a new key alone on standard output, and its id beside it', async () => {
    const { code, stdout, stderr } = await ledger.run(create);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^clk_[\w-]{43}\n$/);
    expect(stderr).toMatch(/^Key [0-9a-f]{8} for "CRM feed" \(record, eligibility\)\. Keep it now/);
  });

  it('prints a new key as JSON', async () => {
    const { stdout, stderr } = await ledger.run([...create, '--json']);
    expect(JSON.parse(stdout)).toStrictEqual({
      keyId: expect.stringMatching(/^[0-9a-f]{8}$/),
      key: expect.stringMatching(/^clk_/),
      name: 'CRM feed',
      scopes: ['record', 'eligibility'],
    });
    expect(stderr).toBe('');
  });

  it('takes a scope that is given twice, with spaces, once', async () => {
    const { stdout } = await ledger.run(['keys', 'create', '--name', ' crm ', '--scopes', 'mail, mail', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'crm', scopes: ['mail'] });
  });

  it('leaves only the hash of a key in the log', async () => {
    const { key } = await createdKey();
    const events = await ledger.withStore((store) => store.readAll(START, 10));
    expect(events).toMatchObject([{ type: 'ApiKeyCreated', data: { name: 'CRM feed', hash: hashApiKey(key) } }]);
    expect(JSON.stringify(events)).not.toContain(key);
  });

  it('lists every key, the oldest first, without key or hash', async () => {
    const first = await createdKey(1_000);
    const second = await createdKey(2_000);
    await ledger.run(['keys', 'revoke', first.keyId]);
    const { code, stdout } = await ledger.run(['keys', 'list', '--json']);
    expect(code).toBe(0);
    const common = { name: 'CRM feed', scopes: ['record', 'eligibility'] };
    expect(JSON.parse(stdout)).toStrictEqual([
      { keyId: first.keyId, ...common, createdAt: '1970-01-01T00:00:01.000Z', revoked: true },
      { keyId: second.keyId, ...common, createdAt: '1970-01-01T00:00:02.000Z', revoked: false },
    ]);
  });

  it('lists keys as a table', async () => {
    const { keyId } = await createdKey();
    const { stdout } = await ledger.run(['keys', 'list']);
    expect(stdout).toBe(
      [
        'ID        CREATED                   STATE  NAME      SCOPES',
        `${keyId}  1970-01-01T00:00:00.000Z  valid  CRM feed  record,eligibility`,
        '',
      ].join('\n'),
    );
  });

  it('revokes a key once', async () => {
    const { keyId } = await createdKey();
    expect(await ledger.run(['keys', 'revoke', keyId])).toStrictEqual({
      code: 0,
      stdout: `Key ${keyId} is revoked.\n`,
      stderr: '',
    });
    expect(await ledger.run(['keys', 'revoke', keyId])).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: 'No valid key has this id: see "ledger keys list". Nothing was changed.\n',
    });
  });

  it('does not revoke a key that was never made', async () => {
    expect(await ledger.run(['keys', 'revoke', 'ffffffff'])).toMatchObject({ code: 1, stdout: '' });
    expect(await ledger.withStore((store) => store.head())).toBe(START);
  });

  it('works while another process has the log open', async () => {
    await ledger.withStore(async (store) => {
      const { keyId } = await createdKey();
      expect(await store.readStream(`api-key-${keyId}`)).toHaveLength(1);
    });
  });
});
