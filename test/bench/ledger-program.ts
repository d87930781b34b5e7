import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { environmentOf, flagsOf } from './service.js';

const PROGRAM = fileURLToPath(new URL('../../apps/cli/src/main.js', import.meta.url));

/** Runs the operators' program over `directory` and what `engines` says; resolves to the seconds that it took. */
export async function runLedger(
  args: readonly string[],
  directory: string,
  engines: Record<string, string>,
): Promise<number> {
  const startedAt = performance.now();
  const program = spawn(process.execPath, [...flagsOf('ledger'), PROGRAM, ...args], {
    env: { ...process.env, ...environmentOf(directory), ...engines },
    stdio: 'ignore',
  });
  const [code] = await once(program, 'exit');
  if (code !== 0) throw new Error(`"ledger ${args[0]}" ended with ${code}.`);
  return (performance.now() - startedAt) / 1000;
}
