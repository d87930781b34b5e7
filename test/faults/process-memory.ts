import { readFile } from 'node:fs/promises';

/** The most memory that a process has had so far, in MiB. */
export async function peakOf({ pid }: { readonly pid: number }): Promise<number> {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kibibytes) / 1024;
}
