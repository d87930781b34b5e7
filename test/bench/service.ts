import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { startChild, type Child } from './child.js';

/** Of this run: what is seeded must be what the service computes. */
export const PEPPER = randomBytes(32);

export const KEY = 'the-administrators-key-of-the-benchmark';

/** What every process of the run agrees on. */
export const secrets = { LEDGER_PEPPER: PEPPER.toString('base64'), LEDGER_ADMIN_KEY: KEY };

/** Those of a process that also seals, and writes links. */
export const allSecrets = {
  ...secrets,
  LEDGER_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
  LEDGER_LINK_KEYS: `k1:${Buffer.alloc(32, 2).toString('base64')}`,
};

type Script = 'start' | 'start:api' | 'ledger';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<Script, string> };

/** What a script of package.json tells Node: what is measured runs as it is run. */
export function flagsOf(script: Script): string[] {
  return scripts[script].split(' ').filter((word) => word.startsWith('--'));
}

/** The whole service in a process of its own, over what lies in `directory`. */
export function startService(directory: string): Promise<Child> {
  return startChild('service', environmentOf(directory), ...flagsOf('start'));
}

/** An api alone in a process of its own: its read models in `directory`, the rest where `engines` says. */
export function startApi(directory: string, engines: Record<string, string>): Promise<Child> {
  return startChild('api', { ...environmentOf(directory), ...engines }, ...flagsOf('start:api'));
}

/** The settings of what runs over `directory`. */
export function environmentOf(directory: string): Record<string, string> {
  return { ...allSecrets, PORT: '0', DATA_DIR: directory, LOG_LEVEL: 'warn', NODE_ENV: 'production' };
}
