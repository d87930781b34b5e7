import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, serveUntilAsked, type Service } from '../own-process.ts';

const LONGEST_START_MS = 30_000;
const LONGEST_STOP_MS = 15_000;
/** Where Debian and its kin put the programs of each version; elsewhere they are on the PATH. */
const DEBIAN = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root: then it runs as one of these. */
const OTHER_USERS = ['postgres', 'nobody'];
const USER = 'ledger';
/** For a server whose files go with it: nothing has to outlive the machine. */
const FORGETFUL = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };

/** A running PostgreSQL, over a directory that outlives it. */
export interface PostgresServer {
  /** The URL of its first database, with the password. */
  readonly url: string;
  readonly port: number;
  /** Where its files are, the tables in `base` among them. */
  readonly dataDirectory: string;
  /** Ends it as an operator does, or as a power cut does; resolves once it is gone. */
  end(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>;
}

export interface PostgresOptions {
  /** Where it keeps its files; those that were kept there before are taken up again. */
  readonly directory: string;
  /** Its port, to come back where clients look for it; a free one by default. */
  readonly port?: number;
  /** More of its settings, by their names. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Whether this machine has the programs of a PostgreSQL server. */
export function hasPostgres(): boolean {
  return programs() !== undefined;
}

/** Where this machine has a program of PostgreSQL, such as `pg_dump`. */
export function postgresProgram(name: string): string {
  return join(programs() ?? '', name);
}

/** Starts PostgreSQL on 127.0.0.1, with a password, and resolves once it answers. Throws with what it said when it does not. */
export async function startPostgres({ directory, port, settings = {} }: PostgresOptions): Promise<PostgresServer> {
  const folder = programs();
  if (!folder) throw new Error('There is no PostgreSQL here: install the package "postgresql".');
  const own = port ?? (await freePort());
  const dataDirectory = join(directory, 'data');
  const password = existsSync(dataDirectory)
    ? await readFile(join(directory, 'password'), 'utf8')
    : await initialise(folder, directory, dataDirectory);
  const log = join(directory, 'server.log');
  const all = {
    listen_addresses: '127.0.0.1',
    port: own,
    unix_socket_directories: '',
    shared_buffers: '32MB',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = start(join(folder, 'postgres'), ['-D', dataDirectory, ...args], log);
  await answering(join(folder, 'pg_isready'), server, own, log);
  return {
    url: `postgres://${USER}:${password}@127.0.0.1:${own}/postgres`,
    port: own,
    dataDirectory,
    end: (signal = 'SIGINT') => end(server, signal),
  };
}

/** Makes an empty server, durable as it is in production; answers the password of its user. */
async function initialise(folder: string, directory: string, dataDirectory: string): Promise<string> {
  const password = randomBytes(12).toString('hex');
  const file = join(directory, 'password');
  await mkdir(directory, { recursive: true });
  await writeFile(file, password);
  const user = userToRunAs();
  if (user) await Promise.all([directory, file].map((path) => chown(path, user.uid, user.gid)));
  const access = ['-U', USER, `--pwfile=${file}`, '-A', 'scram-sha-256'];
  const args = ['-D', dataDirectory, ...access, '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions'];
  const { status, stderr } = spawnSync(join(folder, 'initdb'), args, { ...user, cwd: directory, encoding: 'utf8' });
  if (status !== 0) throw new Error(`PostgreSQL could not make its files:\n${stderr}`);
  return password;
}

function start(program: string, args: readonly string[], log: string): ChildProcess {
  const output = openSync(log, 'a');
  const server = spawn(program, args, { ...userToRunAs(), cwd: '/', stdio: ['ignore', output, output] });
  closeSync(output);
  return server;
}

async function answering(isReady: string, server: ChildProcess, port: number, log: string): Promise<void> {
  const deadline = Date.now() + LONGEST_START_MS;
  while (spawnSync(isReady, ['-q', '-h', '127.0.0.1', '-p', String(port)]).status !== 0) {
    if (!hasEnded(server) && Date.now() < deadline) {
      await delay(30);
      continue;
    }
    await end(server, 'SIGQUIT');
    throw new Error(`PostgreSQL did not start:\n${await readFile(log, 'utf8')}`);
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(server)) return;
  const ended = once(server, 'exit');
  server.kill(signal);
  const impatience = setTimeout(() => server.kill('SIGQUIT'), LONGEST_STOP_MS);
  await ended;
  clearTimeout(impatience);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** The folder of the newest programs; `undefined` where there are none. */
function programs(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((one, other) => Number(other) - Number(one)) : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => ['initdb', 'postgres', 'pg_isready'].every((name) => existsSync(join(folder, name))));
}

function userToRunAs(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const found = OTHER_USERS.flatMap((name) => users.filter((line) => line.startsWith(`${name}:`)))[0];
  const [, , uid, gid] = found?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function serve(directory: string): Promise<Service> {
  const { url, dataDirectory, end } = await startPostgres({ directory, settings: FORGETFUL });
  const told = JSON.stringify({ url, dataDirectory });
  // Nobody takes its files up again: it need not write down what it holds.
  return { told, shown: `POSTGRES_URL=${url}`, end: () => end('SIGQUIT') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serveUntilAsked('postgres', serve, process.argv.slice(2));
