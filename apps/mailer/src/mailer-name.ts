import { mkdirSync, readFileSync } from 'node:fs';
import { dataFiles, newId, writeDurably } from '@consent-ledger/platform';

const NAME = /^[0-9a-f-]{36}$/;

/**
 * The name of the mailer that has this `DATA_DIR`, made at its first start. A directory belongs to one process at a time, so
 * no two mailers have the same name, and one that was killed has its own again.
 */
export function readMailerName(directory: string): string {
  const path = dataFiles(directory).mailerName;
  const kept = read(path);
  if (NAME.test(kept)) return kept;
  const name = newId();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeDurably(path, name);
  return name;
}

/** Whatever keeps it from being read: a new name costs no more than waiting for the lease of the old. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
