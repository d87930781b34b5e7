import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '@consent-ledger/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dkimRecord } from './dkim-key.js';
import { loadDkimKeys } from './dkim-key-files.js';

const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const good = rsa(2048);
const next = rsa(3072);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dkim-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(name: string, content: string | Buffer, mode = 0o600): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

const load = (...paths: readonly string[]) =>
  loadDkimKeys({ domain: 'example.nl', keys: paths.map((path, index) => ({ selector: `s${index}`, path })) });

async function faultsOf(...paths: readonly string[]): Promise<readonly string[]> {
  const error: unknown = await load(...paths).catch((error: unknown) => error);
  if (error instanceof ConfigurationError) return error.faults;
  throw error;
}

describe('Key files', () => {
  it('give the keys in the order of their selectors', async () => {
    const keys = await load(
      await file('rsa.pem', good.privateKey.export(pem)),
      await file('next.pem', next.privateKey.export(pem), 0o440),
      await file('old.pem', good.privateKey.export({ type: 'pkcs1', format: 'pem' })),
    );
    expect(keys.map(({ selector, pem }) => [selector, pem])).toStrictEqual([
      ['s0', good.privateKey.export(pem)],
      ['s1', next.privateKey.export(pem)],
      ['s2', good.privateKey.export(pem)],
    ]);
  });

  it('that cannot be used are each named with the reason, and nothing of a key is told', async () => {
    const weak = rsa(1024).privateKey.export(pem);
    const locked = good.privateKey.export({ ...pem, cipher: 'aes-256-cbc', passphrase: 'secret' });
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem);
    const faults = await faultsOf(
      join(directory, 'nowhere.pem'),
      directory,
      await file('open.pem', good.privateKey.export(pem), 0o644),
      await file('weak.pem', weak),
      await file('curve.pem', curve),
      await file('locked.pem', locked),
      await file('public.pem', good.publicKey.export({ type: 'spki', format: 'pem' })),
      await file('empty.pem', ''),
    );
    expect(faults.map((fault) => fault.replace(`DKIM_KEY_PATH: ${directory}`, ''))).toStrictEqual([
      '/nowhere.pem cannot be read (ENOENT)',
      expect.stringMatching(/chmod 600|cannot be read \(EISDIR\)/),
      expect.stringMatching(/^\/open\.pem can be read or changed by everybody on this machine: chmod 600 it/),
      '/weak.pem is an RSA key of 1024 bits; make one of 2048 or more',
      '/curve.pem is of the type ec; make one that is RSA',
      '/locked.pem holds no private key in PEM without a passphrase',
      '/public.pem holds no private key in PEM without a passphrase',
      '/empty.pem holds no private key in PEM without a passphrase',
    ]);
  });
});

describe('The record to publish', () => {
  it('holds the public key as RFC 6376 wants it', async () => {
    const [key] = await load(join(directory, 'rsa.pem'));
    const spki = good.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    expect(dkimRecord(key!)).toStrictEqual({ name: 's0._domainkey.example.nl', value: `v=DKIM1; k=rsa; p=${spki}` });
  });
});
