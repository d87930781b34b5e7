import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * What the service that all specs of this run share tells, once it runs. The first spec that asks has `program` started in a
 * process of its own; it ends with the run. Throws why it did not start.
 */
export async function sharedProcess(name: string, program: string): Promise<string> {
  const run = process.env['TEST_RUN_DIR']!;
  const ready = join(run, name);
  if (await isFirst(ready)) {
    const args = [join(process.cwd(), program), ready, process.env['TEST_RUN_PID']!];
    const service = spawn(process.execPath, args, { detached: true, stdio: 'ignore' });
    service.unref();
    await writeFile(`${ready}.pid`, String(service.pid));
  }
  await made(ready);
  return readFile(ready, 'utf8');
}

/** Whether nobody of this run asked for what will be at `ready` before. */
export function isFirst(ready: string): Promise<boolean> {
  return mkdir(`${ready}.asked`).then(
    () => true,
    () => false,
  );
}

/** Resolves once the file is there that says that something is ready. */
export async function made(ready: string): Promise<void> {
  while (!existsSync(ready)) {
    if (existsSync(`${ready}.failed`)) throw new Error(await readFile(`${ready}.failed`, 'utf8'));
    await delay(30);
  }
}
