import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dropEngines, enginesOf } from '../support/engines.js';
import { ADMIN_KEY, requestsTo, type Requests } from '../support/requests.js';
import { eventually } from '../support/service.js';

const LEDGER = join(process.cwd(), 'dist/apps/cli/src/main.js');

/** What is built to run in a process of its own. */
type App = 'standalone' | 'api' | 'worker' | 'mailer';

export interface Ended {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** The built program in a process of its own, over a directory that outlives it. */
export interface BuiltService extends Requests {
  readonly directory: string;
  readonly url: string;
  readonly pid: number;
  /** Sends a signal; resolves once the process has ended. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Ended>;
}

const execFileAsync = promisify(execFile);
const running = new Set<ChildProcess>();
const directories: string[] = [];

/** A new place for a service to keep what it keeps. */
export async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ledger-faults-'));
  directories.push(directory);
  return directory;
}

/** Ends what a test left running, and removes what it kept. */
export async function cleanUp(): Promise<void> {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const directory of directories.splice(0)) {
    await dropEngines(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Starts a built program, by default the whole service, and resolves once it answers. */
export async function startBuilt(
  directory: string,
  environment: Record<string, string> = {},
  app: App = 'standalone',
): Promise<BuiltService> {
  const program = await run(directory, environment, app);
  const url = await eventually(() => {
    const [, address] = /(?:listens|metrics) on (\S+)/.exec(program.output()) ?? [];
    if (address !== undefined) return address;
    throw new Error(`The service does not listen: ${program.output()}${program.errors()}`);
  }, 60);

  return {
    ...requestsTo(url),
    url,
    pid: program.child.pid!,
    directory,
    end(signal) {
      program.child.kill(signal);
      return program.ended;
    },
  };
}

/** Starts the built program where it should refuse to start; resolves with what it said once it has ended. */
export async function startRefused(directory: string, environment: Record<string, string> = {}): Promise<Ended> {
  return (await run(directory, environment)).ended;
}

/** Runs the built command line over a directory. Throws what it said when it does not exit with 0. */
export function ledger(directory: string, ...args: readonly string[]): Promise<string> {
  return ledgerWith({}, directory, ...args);
}

/** As `ledger`, with more settings. */
export async function ledgerWith(
  environment: Readonly<Record<string, string>>,
  directory: string,
  ...args: readonly string[]
): Promise<string> {
  const engines = await enginesOf(directory);
  const env = { ...process.env, DATA_DIR: directory, ...engines.environment, ...environment };
  const { stdout } = await execFileAsync(process.execPath, [LEDGER, ...args], { env });
  return stdout;
}

async function run(directory: string, environment: Record<string, string>, app: App = 'standalone') {
  const main = join(process.cwd(), `dist/apps/${app}/src/main.js`);
  if (!existsSync(main)) throw new Error('The program is not built: run "npm run build" first.');
  const engines = await enginesOf(directory);
  const settings = { PORT: '0', DATA_DIR: directory, LEDGER_ADMIN_KEY: ADMIN_KEY, LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', main], {
    cwd: directory,
    env: { ...settings, ...engines.environment, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, 'close').then(([code]): Ended => {
    running.delete(child);
    return { code: code as number | null, output, errors };
  });
  return { child, ended, output: () => output, errors: () => errors };
}
