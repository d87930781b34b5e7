import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, readConfiguration } from './configuration.js';
import { readSecrets } from './secrets.js';

let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'secrets-'));
  directory = join(parent, 'data');
});

afterEach(() => rm(parent, { recursive: true }));

const file = () => join(directory, 'secrets.json');
const read = (environment: Record<string, string> = {}) =>
  readSecrets(readConfiguration({ DATA_DIR: directory, ...environment }));

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

/** 32 bytes as the environment gives them, some of them such that base64 and base64url differ. */
const given = (byte: number) => Buffer.alloc(32, byte);
const PEPPER = given(0xfb);
const MASTER = given(0xff);
const LINK = given(0x3e);

const complete = {
  LEDGER_PEPPER: PEPPER.toString('base64'),
  LEDGER_MASTER_KEY: MASTER.toString('base64url'),
  LEDGER_LINK_KEYS: `new:${LINK.toString('base64')},old:${PEPPER.toString('base64url')}`,
};

describe('the secrets at a first start', () => {
  it('are made, 32 random bytes each, in a file for its owner only', async () => {
    const { pepper, masterKeys, linkKeys } = read();
    const all = [pepper, ...masterKeys.map(({ secret }) => secret), ...linkKeys.map(({ secret }) => secret)];
    expect(all.map(({ length }) => length)).toStrictEqual([32, 32, 32]);
    expect(new Set(all.map((secret) => secret.toString('hex'))).size).toBe(3);
    expect(linkKeys.map(({ id }) => id)).toStrictEqual(['k1']);
    expect(await modeOf(file())).toBe('600');
    expect(await modeOf(directory)).toBe('700');
  });

  it('are kept for every start after it', async () => {
    const first = read();
    const text = await readFile(file(), 'utf8');
    expect(read()).toStrictEqual(first);
    expect(await readFile(file(), 'utf8')).toBe(text);
  });
});

describe('the secrets of a log whose file is gone', () => {
  it('are not made anew: that would orphan every contact in it', async () => {
    read();
    await writeFile(join(directory, 'log.sqlite'), '');
    await rm(file());
    expect(() => read()).toThrow(ConfigurationError);
    expect(() => read()).toThrow(/secrets\.json.*backup.*LEDGER_PEPPER/s);
    await expect(stat(file())).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('are not needed where the environment gives them all', async () => {
    read();
    await writeFile(join(directory, 'log.sqlite'), '');
    await rm(file());
    expect(read(complete).pepper).toStrictEqual(PEPPER);
  });
});

describe('the secrets of a file that is damaged', () => {
  it.each(['', '{', '{}', '{"pepper":"x","masterKey":"y","linkKeys":[]}', 'null'])(
    'stop the start, and are named without being told: %j',
    async (text) => {
      read();
      await writeFile(file(), text);
      expect(() => read()).toThrow(ConfigurationError);
      expect(() => read()).toThrow(/secrets\.json.*backup/s);
    },
  );
});

describe('the secrets from the environment', () => {
  it('are taken in base64 and base64url, the first link key to sign with, and no file is made', async () => {
    expect(read(complete)).toStrictEqual({
      pepper: PEPPER,
      masterKeys: [{ id: 'LEDGER_MASTER_KEY', secret: MASTER }],
      linkKeys: [
        { id: 'new', secret: LINK },
        { id: 'old', secret: PEPPER },
      ],
    });
    await expect(stat(directory)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('go before those of the file, which keeps the others', () => {
    const kept = read();
    expect(read({ LEDGER_PEPPER: complete.LEDGER_PEPPER })).toStrictEqual({ ...kept, pepper: PEPPER });
    const masterKeys = [{ id: 'LEDGER_MASTER_KEY', secret: MASTER }];
    expect(read({ LEDGER_MASTER_KEY: complete.LEDGER_MASTER_KEY })).toStrictEqual({ ...kept, masterKeys });
    expect(read()).toStrictEqual(kept);
  });
});

describe('several master keys', () => {
  const LEDGER_MASTER_KEYS = `new:${LINK.toString('base64')},old:${MASTER.toString('base64')}`;
  const masterKeys = [
    { id: 'new', secret: LINK },
    { id: 'old', secret: MASTER },
  ];

  it('are taken in their order, and stand in for the one of the file, which may then be taken out of it', async () => {
    const { masterKey, ...kept } = (read(), JSON.parse(await readFile(file(), 'utf8')));
    expect(masterKey).toBeDefined();
    expect(read({ LEDGER_MASTER_KEYS }).masterKeys).toStrictEqual(masterKeys);
    await writeFile(file(), JSON.stringify(kept));
    expect(read({ LEDGER_MASTER_KEYS }).masterKeys).toStrictEqual(masterKeys);
    expect(() => read()).toThrow(/secrets\.json.*backup/s);
  });

  it('stand in for the one that a log on a server needs', () => {
    const EVENT_STORE_URL = 'esdb://127.0.0.1:2113';
    const { LEDGER_MASTER_KEY: _, ...others } = complete;
    expect(read({ EVENT_STORE_URL, LEDGER_MASTER_KEYS, ...others }).masterKeys).toStrictEqual(masterKeys);
  });
});

describe('the secrets of a log on a server', () => {
  const EVENT_STORE_URL = 'esdb://admin:changeit@127.0.0.1:2113';

  it('are asked for, each by name, and none is made: every process on that log needs the same', () => {
    const { LEDGER_PEPPER } = complete;
    expect(() => read({ EVENT_STORE_URL, LEDGER_PEPPER })).toThrow(
      expect.objectContaining({
        faults: [
          expect.stringMatching(/^LEDGER_MASTER_KEY is needed/),
          expect.stringMatching(/^LEDGER_LINK_KEYS is needed/),
        ],
      }),
    );
    expect(() => read({ EVENT_STORE_URL })).toThrow(/LEDGER_PEPPER/);
    expect(() => read({ EVENT_STORE_URL })).not.toThrow(/changeit/);
  });

  it('are those of the configuration', () => {
    expect(read({ EVENT_STORE_URL, ...complete }).pepper).toStrictEqual(PEPPER);
  });
});
