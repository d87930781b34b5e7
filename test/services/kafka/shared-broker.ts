import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe } from '@jest/globals';
import { lackingForKafka } from './broker.js';

const PROGRAM = join(process.cwd(), 'test/services/kafka/broker.ts');

/**
 * Describes what needs a broker: the one of `KAFKA_BROKERS`, or one that all specs of this run share. Where it cannot be
 * had the specs are skipped, and it is said; on CI they fail.
 */
export function describeWithKafka(name: string, specs: () => void): void {
  if (process.env['KAFKA_BROKERS']) describe(name, specs);
  else describeWithOwnBroker(name, specs);
}

/** Describes what needs a broker of its own, to stop it and bring it back; where none can be had, likewise. */
export function describeWithOwnBroker(name: string, specs: () => void): void {
  const lacking = lackingForKafka();
  if (lacking.length === 0 || process.env['CI']) return void describe(name, specs);
  process.stderr.write(`Skipped "${name}": it needs ${lacking.join(' and ')}, or KAFKA_BROKERS.\n`);
  describe.skip(name, specs);
}

/** The brokers to connect to. The first spec of a run that asks has the shared one started; it ends with the run. */
export async function kafkaBrokers(): Promise<string[]> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return given.split(',');
  const run = process.env['TEST_RUN_DIR']!;
  const ready = join(run, 'kafka');
  if (await isFirst(join(run, 'kafka.asked'))) {
    const asker = process.env['TEST_RUN_PID']!;
    const broker = spawn(process.execPath, [PROGRAM, ready, asker], { detached: true, stdio: 'ignore' });
    broker.unref();
    await writeFile(join(run, 'kafka.pid'), String(broker.pid));
  }
  while (!existsSync(ready)) {
    if (existsSync(`${ready}.failed`)) throw new Error(await readFile(`${ready}.failed`, 'utf8'));
    await delay(50);
  }
  return [await readFile(ready, 'utf8')];
}

async function isFirst(mark: string): Promise<boolean> {
  return mkdir(mark).then(
    () => true,
    () => false,
  );
}
