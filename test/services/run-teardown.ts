import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Ends every service that a spec of the run had started, by the `<name>.pid` that it left, and waits until it is gone. */
export default async function tearDownRun(): Promise<void> {
  const run = process.env['TEST_RUN_DIR']!;
  const marks = (await readdir(run)).filter((name) => name.endsWith('.pid'));
  await Promise.all(marks.map(async (name) => endProcess(Number(await readFile(join(run, name), 'utf8')))));
  await rm(run, { recursive: true, force: true });
}

async function endProcess(pid: number): Promise<void> {
  while (isSignalled(pid)) await delay(50);
}

/** Told again and again, which changes nothing: it says whether the process is still there. */
function isSignalled(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGTERM');
  } catch {
    return false;
  }
}
