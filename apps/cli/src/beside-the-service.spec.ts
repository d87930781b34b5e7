import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Outcome } from './ledger.fixture.js';

const LEDGER = join(process.cwd(), 'dist/apps/cli/src/main.js');
const SERVICE = join(process.cwd(), 'dist/apps/standalone/src/main.js');

/** Each test starts several processes, which a busy machine takes its time for. */
jest.setTimeout(90_000);

/** The programs as they are installed, each a process of its own, over one data directory. */
describe('the built command line beside a service that runs', () => {
  let directory: string;
  let service: ChildProcess;
  let url: string;

  const start = (program: string, args: readonly string[]) =>
    spawn(process.execPath, [program, ...args], {
      env: { PATH: process.env['PATH'], DATA_DIR: directory, PORT: '0', LOG_LEVEL: 'silent' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  const ledger = async (...args: string[]): Promise<Outcome> => {
    const child = start(LEDGER, args);
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: code as number, stdout, stderr };
  };

  const startService = async () => {
    const child = start(SERVICE, []);
    service = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (found) return void (url = found);
    }
    throw new Error(`The service did not start: ${await text(child.stderr)}`);
  };

  const stopService = async () => {
    if (service.exitCode !== null || !service.kill('SIGTERM')) return;
    await once(service, 'exit');
  };

  const ask = async (key: string) => {
    const { status } = await fetch(`${url}/v1/eligibility`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ address: 'jan@example.org', purpose: 'newsletter' }),
    });
    return status;
  };

  /** The status that a key comes to within two seconds: the service polls the log for what others append. */
  const comesTo = async (key: string, wanted: number) => {
    const deadline = Date.now() + 2_000;
    let status = await ask(key);
    while (status !== wanted && Date.now() < deadline) status = await ask(key);
    return status;
  };

  beforeAll(async () => {
    if (!existsSync(LEDGER)) throw new Error('The command line is not built: run "npm run build" first.');
    directory = mkdtempSync(join(tmpdir(), 'beside-'));
    await startService();
  });
  afterAll(async () => {
    await stopService();
    rmSync(directory, { recursive: true, force: true });
  });

  it('makes a key that the service takes, and revokes it', async () => {
    const made = await ledger('keys', 'create', '--name', 'marketing tool', '--scopes', 'eligibility', '--json');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const { keyId, key } = JSON.parse(made.stdout) as { keyId: string; key: string };
    expect(await comesTo(key, 200)).toBe(200);

    const listed = await ledger('keys', 'list');
    expect(listed.stdout).toMatch(new RegExp(`^${keyId} .* valid +marketing tool +eligibility$`, 'm'));
    expect(listed.stdout).not.toContain(key);

    expect(await ledger('keys', 'revoke', keyId)).toMatchObject({ code: 0 });
    expect(await comesTo(key, 401)).toBe(401);
  });

  it('makes a key that may do no more than its scopes', async () => {
    const { stdout: key } = await ledger('keys', 'create', '--name', 'mailer', '--scopes', 'mail');
    expect(await comesTo(key.trim(), 403)).toBe(403);
  });

  it('does not touch the read models of the service', async () => {
    expect(await ledger('rebuild')).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: 'The service runs, and keeps its read models to itself. Stop it, then rebuild.\n',
    });
    const { code, stdout } = await ledger('verify');
    expect(code).toBe(0);
    expect(stdout).toContain('ok     read models  are not compared: the service runs');
  });

  it('imports, exports and takes back what the service answers from at once (P3)', async () => {
    const { stdout: made } = await ledger('keys', 'create', '--name', 'mailer', '--scopes', 'eligibility');
    await comesTo(made.trim(), 200);
    const reason = async () => {
      const answer = await fetch(`${url}/v1/eligibility`, {
        method: 'POST',
        headers: { authorization: `Bearer ${made.trim()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ address: 'piet@example.org', purpose: 'newsletter', consistency: 'strong' }),
      });
      return ((await answer.json()) as { reason: string }).reason;
    };
    const file = join(directory, 'contacts.csv');
    writeFileSync(file, `email,since\npiet@example.org,${new Date().toISOString()}\n`);
    const imported = await ledger(
      ...['import', file, '--map', 'email=email,optedInAt=since', '--purposes', 'newsletter'],
      ...['--statement', 'signup-form@1:nl', '--json'],
    );
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(await reason()).toBe('CONSENT');
    expect((await ledger('export')).stdout).toContain('piet@example.org,');
    const { importId } = JSON.parse(imported.stdout) as { importId: string };
    expect(await ledger('import', 'take-back', importId)).toMatchObject({ code: 0 });
    expect(await reason()).toBe('NO_CONSENT');
  });

  it('rebuilds and verifies what a stopped service left, and the service goes on', async () => {
    const { stdout: key } = await ledger('keys', 'create', '--name', 'shop', '--scopes', 'eligibility');
    await stopService();
    expect(await ledger('verify')).toMatchObject({ code: 0 });
    expect(await ledger('rebuild')).toMatchObject({ code: 0 });
    expect((await ledger('verify')).stdout).toContain('ok     preferences  is what the log says\n');
    await startService();
    expect(await ask(key.trim())).toBe(200);
  });

  it('exits with 2 when it is not used as it should be', async () => {
    expect(await ledger('keys', 'create')).toMatchObject({ code: 2, stdout: '' });
  });

  it('ends in good order when whoever reads what it says has seen enough', async () => {
    const child = start(LEDGER, ['--help']);
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect({ code: code as number, stderr }).toStrictEqual({ code: 0, stderr: '' });
  });
});
