import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** What the system knows of a process of its own. */
export type Process = { readonly pid: number };

const MEASURED_MS = 400;
const TICK_MS = 10;
/** What a process that only waits does beside: it asks the log and the vault how they are. */
const MOST_BUSY = 0.15;

/** The most memory that a process has had so far, in MiB. */
export async function peakOf({ pid }: Process): Promise<number> {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kibibytes) / 1024;
}

/** Throws unless the process does next to nothing, as one that waits for somebody else. */
export async function expectWaiting(process: Process): Promise<void> {
  const before = await processorMs(process);
  await delay(MEASURED_MS);
  const busy = ((await processorMs(process)) - before) / MEASURED_MS;
  if (busy > MOST_BUSY) throw new Error(`The process is busy: ${Math.round(100 * busy)} % of a processor.`);
}

async function processorMs({ pid }: Process): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
