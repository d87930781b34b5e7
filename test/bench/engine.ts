import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A server of others that a row stands on. */
export interface Engine {
  /** Where it is, as the setting takes it that names it. */
  readonly at: string;
  stop(): Promise<void>;
}

/** This machine does not have what a row stands on: the row is skipped, and it is said. */
export class MissingEngine extends Error {
  readonly code = 'MISSING_ENGINE';
}

/** The brokers of `KAFKA_BROKERS`, or a broker of this row. Rejects with `MissingEngine`. */
export async function startKafka(directory: string): Promise<Engine> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { at: given, stop: () => Promise.resolve() };
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const lacking = ['java', 'mvn'].filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
  if (lacking.length > 0) throw new MissingEngine(`it needs ${lacking.join(' and ')}, or KAFKA_BROKERS`);
  const { said, stop } = await start('test/services/kafka/broker.ts', directory);
  return { at: said, stop };
}

/** The database of `POSTGRES_URL`, or a PostgreSQL of this row. Rejects with `MissingEngine`. */
export async function startPostgres(directory: string): Promise<Engine> {
  const given = process.env['POSTGRES_URL'];
  if (given) return { at: given, stop: () => Promise.resolve() };
  const { said, stop } = await start('test/services/postgres/server.ts', directory);
  return { at: (JSON.parse(said) as { url: string }).url, stop };
}

/** Runs a program of test/services, which ends with this process at the latest; resolves to what it says once it is ready. */
async function start(program: string, directory: string): Promise<{ said: string; stop(): Promise<void> }> {
  mkdirSync(directory, { recursive: true });
  const ready = join(directory, 'ready');
  const server = spawn(process.execPath, [program, ready, String(process.pid)], { stdio: 'ignore' });
  const ended = once(server, 'exit');
  while (!existsSync(ready)) {
    if (existsSync(`${ready}.failed`)) throw new MissingEngine(readFileSync(`${ready}.failed`, 'utf8'));
    if (server.exitCode !== null) throw new MissingEngine(`${program} ended with ${server.exitCode}`);
    await delay(50);
  }
  return {
    said: readFileSync(ready, 'utf8'),
    async stop() {
      server.kill('SIGTERM');
      await ended;
    },
  };
}
