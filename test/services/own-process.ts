import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A service that runs in this process's care. */
export interface Service {
  /** What whoever asked for it is told, in a file. */
  readonly told: string;
  /** What a developer who starts it by hand is told. */
  readonly shown: string;
  end(): Promise<void>;
}

/**
 * Runs one service over a directory that goes with it, until a signal comes or the process that asked for it is gone. What it
 * tells stands in the file `ready`, or `ready.failed` says why it did not start; then this process ends.
 */
export async function serveUntilAsked(
  name: string,
  start: (directory: string) => Promise<Service>,
  [ready, asker]: readonly (string | undefined)[],
): Promise<never> {
  const directory = await mkdtemp(join(tmpdir(), `ledger-${name}-`));
  const stopped = stopAsked(asker === undefined ? undefined : Number(asker));
  try {
    const service = await start(directory);
    if (ready === undefined) process.stdout.write(`${service.shown}\n`);
    else await announce(ready, service.told);
    await stopped;
    await service.end();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    if (ready !== undefined) await announce(`${ready}.failed`, (error as Error).message);
    process.exitCode = 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  process.exit();
}

/** Written whole, so that nobody reads half of it. */
async function announce(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

async function stopAsked(asker: number | undefined): Promise<void> {
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (asked = true));
  while (!asked && (asker === undefined || isAlive(asker))) await delay(100);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A port of 127.0.0.1 on which nobody listens now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
