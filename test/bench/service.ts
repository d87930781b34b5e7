import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { startChild, type Child } from './child.js';

/** Of this run: what is seeded must be what the service computes. */
export const PEPPER = randomBytes(32);

export const KEY = 'the-administrators-key-of-the-benchmark';

/** What every process of the run agrees on. */
export const secrets = { LEDGER_PEPPER: PEPPER.toString('base64'), LEDGER_ADMIN_KEY: KEY };

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<'start' | 'ledger', string>;
};

/** What a script of package.json tells Node: what is measured runs as it is run. */
export function flagsOf(script: 'start' | 'ledger'): string[] {
  return scripts[script].split(' ').filter((word) => word.startsWith('--'));
}

/** The whole service in a process of its own, over what lies in `directory`. */
export function startService(directory: string): Promise<Child> {
  const environment = {
    ...secrets,
    LEDGER_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
    LEDGER_LINK_KEYS: `k1:${Buffer.alloc(32, 2).toString('base64')}`,
    PORT: '0',
    DATA_DIR: directory,
    LOG_LEVEL: 'warn',
    NODE_ENV: 'production',
  };
  return startChild('service', environment, ...flagsOf('start'));
}
