import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { optIn, verdictOf } from '../mail/steps.js';
import { cleanUp, ledger, newDirectory, startBuilt, startRefused } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(120_000);

const SHIPPED = join(process.cwd(), 'libs/consent/policies/dnp-giftcard.yaml');

let directory: string;
beforeEach(async () => {
  directory = await newDirectory();
});
afterEach(cleanUp);

/** The shipped policy with some of its text replaced, as a file of its own. */
async function givenPolicy(replacements: Record<string, string>): Promise<string> {
  let text = await readFile(SHIPPED, 'utf8');
  for (const [part, other] of Object.entries(replacements)) text = text.replace(part, other);
  const path = join(directory, 'policy.yaml');
  await writeFile(path, text);
  return path;
}

describe('a start that would do harm is refused with what to do about it:', () => {
  it('a second service over the same directory; the first one goes on', async () => {
    const first = await startBuilt(directory);
    const { code, errors } = await startRefused(directory);
    expect(code).toBe(1);
    expect(errors).toMatch(/did not start[^]*open in another process: stop it/);
    expect(errors).not.toContain('    at ');
    await optIn(first, 'an@example.nl');
    expect(await verdictOf(first, 'an@example.nl')).toMatchObject({ eligible: true });
  });

  it('a port that is taken; the process ends, and leaves its directory to the next', async () => {
    const first = await startBuilt(directory);
    const other = await newDirectory();
    const { code, errors } = await startRefused(other, { PORT: new URL(first.url).port });
    expect(code).toBe(1);
    expect(errors).toMatch(/did not start[^]*EADDRINUSE/);
    await startBuilt(other);
  });

  it('secrets that are gone, or a master key that is another', async () => {
    const service = await startBuilt(directory);
    await optIn(service, 'an@example.nl');
    await service.end('SIGTERM');
    const secrets = join(directory, 'secrets.json');
    const kept = await readFile(secrets, 'utf8');

    await rm(secrets);
    const missing = await startRefused(directory);
    expect([missing.code, missing.errors]).toStrictEqual([
      1,
      expect.stringMatching(/holds a log but no secrets\.json: put the file back/),
    ]);

    await writeFile(
      secrets,
      JSON.stringify({ ...JSON.parse(kept), masterKey: Buffer.alloc(32, 7).toString('base64') }),
    );
    const wrong = await startRefused(directory);
    expect([wrong.code, wrong.errors]).toStrictEqual([
      1,
      expect.stringMatching(/was made with another master key\. Configure the master key it was made with/),
    ]);
    expect(wrong.errors).not.toContain('    at ');

    await writeFile(secrets, kept);
    expect(await verdictOf(await startBuilt(directory), 'an@example.nl')).toMatchObject({ eligible: true });
  });

  it('a configuration with faults, each of them named and no secret repeated', async () => {
    const { code, errors } = await startRefused(directory, {
      PORT: '70000',
      MAIL_CONCURRENCY: 'many',
      SMTP_URL: 'http://mail',
      LEDGER_MASTER_KEY: 'too-short-a-secret',
      LOG_LEVEL: 'loud',
      MAIL_FROM: 'nobody',
    });
    expect(code).toBe(1);
    for (const name of ['PORT', 'MAIL_CONCURRENCY', 'SMTP_URL', 'LEDGER_MASTER_KEY', 'LOG_LEVEL', 'MAIL_FROM'])
      expect(errors).toMatch(new RegExp(`^  - .*\\b${name}\\b`, 'm'));
    expect(errors).not.toContain('too-short-a-secret');
  });

  it('a policy that cannot be judged by, with the path of each fault', async () => {
    const path = await givenPolicy({
      'renewAfter: P3Y': 'renewAfter: three years',
      'kind: operational': 'kind: secret',
    });
    const { code, errors } = await startRefused(directory, { POLICY_PATH: path });
    expect(code).toBe(1);
    expect(errors).toContain(path);
    expect(errors).toContain('/purposes/newsletter/consent/renewAfter');
    expect(errors).toContain('/purposes/service/kind');
    expect(errors).not.toContain('    at ');
  });

  it('a policy that was edited without a new version', async () => {
    const policy = { POLICY_PATH: await givenPolicy({}) };
    await (await startBuilt(directory, policy)).end('SIGTERM');
    await givenPolicy({ 'renewAfter: P3Y': 'renewAfter: P4Y' });
    const { code, errors } = await startRefused(directory, policy);
    expect(code).toBe(1);
    expect(errors).toMatch(/"dnp-giftcard" version 1 was published with another content\. Give .* a new version/);

    await givenPolicy({
      'renewAfter: P3Y': 'renewAfter: P4Y',
      'version: 1\n': 'version: 2\n',
      'inForceFrom: 2018-05-25T00:00:00+02:00': 'inForceFrom: 2020-01-01T00:00:00+01:00',
    });
    const service = await startBuilt(directory, policy);
    const { body } = await service.get('/v1/policies');
    expect(body.map(({ version }: { version: number }) => version).sort()).toStrictEqual([1, 2]);
  });

  it('a policy in force from before now, once somebody is known; it starts after "ledger policy publish --force"', async () => {
    const first = await startBuilt(directory);
    await optIn(first, 'an@example.nl');
    await first.end('SIGTERM');
    const backdated = {
      'version: 1\n': 'version: 2\n',
      'inForceFrom: 2018-05-25T00:00:00+02:00': 'inForceFrom: 2020-01-01T00:00:00+01:00',
    };
    const policy = { POLICY_PATH: await givenPolicy(backdated) };
    const { code, errors } = await startRefused(directory, policy);
    expect(code).toBe(1);
    expect(errors).toMatch(/version 2 would be in force from 2020-01-01.* has passed[^]*--force --reason/);
    expect(errors).not.toContain('    at ');

    await ledger(directory, 'policy', 'publish', policy.POLICY_PATH, '--force', '--reason', 'Forgotten.');
    const { body } = await (await startBuilt(directory, policy)).get('/v1/policies');
    expect(body.at(-1)).toMatchObject({ version: 2, forced: true, reason: 'Forgotten.' });
  });
});
