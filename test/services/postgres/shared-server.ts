import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import pg from 'pg';
import { isFirst, made, sharedProcess } from '../shared-process.js';
import { hasPostgres } from './server.js';

/** A database of its own on a server that specs share. */
export interface TestDatabase {
  readonly url: string;
  /** Where the server keeps its files; `undefined` for a server that was given. */
  readonly dataDirectory: string | undefined;
  /** The URL of a new, empty schema of the database. */
  newSchema(): Promise<string>;
  drop(): Promise<void>;
}

/**
 * Describes what needs PostgreSQL: the server of `POSTGRES_URL`, or one that all specs of this run share. Where it cannot be
 * had the specs are skipped, and it is said; on CI they fail.
 */
export function describeWithPostgres(name: string, specs: () => void): void {
  if (process.env['POSTGRES_URL']) describe(name, specs);
  else describeWithOwnPostgres(name, specs);
}

/** Describes what needs a server of its own, to stop it and bring it back; where none can be had, likewise. */
export function describeWithOwnPostgres(name: string, specs: () => void): void {
  if (hasPostgres() || process.env['CI']) return void describe(name, specs);
  process.stderr.write(`Skipped "${name}": it needs PostgreSQL (the package "postgresql"), or POSTGRES_URL.\n`);
  describe.skip(name, specs);
}

/**
 * A new database, empty or as another one is that nobody is connected to. The first spec of a run that asks has the shared
 * server started; it ends with the run.
 */
export async function newDatabase(template = 'template1'): Promise<TestDatabase> {
  const { url: serverUrl, dataDirectory } = await sharedServer();
  const name = `ledger_test_${randomBytes(6).toString('hex')}`;
  await run(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = databaseOf(serverUrl, name);
  let schemas = 0;
  return {
    url: url.href,
    dataDirectory,
    async newSchema() {
      const schema = `s${++schemas}`;
      await run(url.href, `CREATE SCHEMA ${schema}`);
      return `${url.href}?options=${encodeURIComponent(`-c search_path=${schema}`)}`;
    },
    drop: async () => void (await run(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`)),
  };
}

/**
 * The name of a database that `make` fills, given its URL: once in a run, whichever spec asks first. With a server that was
 * given it stays there, and each run makes it anew.
 */
export async function templateDatabase(purpose: string, make: (url: string) => Promise<void>): Promise<string> {
  const { url: serverUrl } = await sharedServer();
  const name = `ledger_template_${purpose}`;
  const ready = join(process.env['TEST_RUN_DIR']!, name);
  if (await isFirst(ready)) {
    await run(serverUrl, `DROP DATABASE IF EXISTS ${name}`);
    await run(serverUrl, `CREATE DATABASE ${name}`);
    await make(databaseOf(serverUrl, name).href);
    await writeFile(ready, '');
  }
  await made(ready);
  return name;
}

function databaseOf(serverUrl: string, name: string): URL {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url;
}

/** Carries out one statement over a connection of its own. */
export async function run(url: string, text: string, values?: unknown[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text, values);
  } finally {
    await client.end();
  }
}

async function sharedServer(): Promise<{ readonly url: string; readonly dataDirectory?: string }> {
  const given = process.env['POSTGRES_URL'];
  if (given) return { url: given };
  return JSON.parse(await sharedProcess('postgres', 'test/services/postgres/server.ts'));
}
