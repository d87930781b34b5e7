import pg from 'pg';
import { KeyVaultUnavailable, UnusableKeyVault } from './key-vault.js';

/** Statements of the vault, on a bounded number of connections that are made again when they break. */
export interface PostgresConnection {
  /** Answers the rows of one statement. */
  query<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** As `query`, for what may be done twice: it is tried once more where a connection broke, as all do when the server restarts. */
  queryAgain<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** Runs `work` on one connection in one transaction. */
  transaction<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** Runs one statement and answers what the server told of how it went. */
  queryNotices(text: string): Promise<readonly Notice[]>;
  close(): Promise<void>;
}

/** What the server tells beside the rows, in its own language. */
export interface Notice {
  readonly detail?: string | undefined;
}

const CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 3_000;
const LOCK_TIMEOUT_MS = 2_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** For a server that is cut off without a word: an opt-out waits for it, and is recorded all the same (P4). */
const ANSWER_TIMEOUT_MS = 4_000;
/** Later than the server's own, which says more. */
const LONG_ANSWER_TIMEOUT_MS = 12_000;

/** Connects when it is first asked. Nothing that it rejects with tells more of the connection than a code. */
export function connectToPostgres(url: string): PostgresConnection {
  const pool = new pg.Pool({
    connectionString: withSettings(url),
    application_name: 'consent-ledger',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: LONG_ANSWER_TIMEOUT_MS,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // A connection that breaks while nobody uses it concerns nobody; without a listener it would end the process.
  pool.on('error', () => undefined);
  let closed: Promise<void> | undefined;

  async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw faultOf(error);
    }
    try {
      const answer = await work(client);
      client.release();
      return answer;
    } catch (error) {
      client.release(true);
      throw faultOf(error);
    }
  }

  async function query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
    const asked = { text, values: [...values], query_timeout: ANSWER_TIMEOUT_MS };
    return (await withClient((client) => client.query<R>(asked))).rows;
  }

  return {
    query,
    async queryAgain(text, values) {
      try {
        return await query(text, values);
      } catch (error) {
        if (!(error instanceof KeyVaultUnavailable && error.mayPassAtOnce)) throw error;
        return query(text, values);
      }
    },
    transaction: (work) =>
      withClient(async (client) => {
        await client.query('BEGIN');
        const answer = await work(client);
        await client.query('COMMIT');
        return answer;
      }),
    queryNotices: (text) =>
      withClient(async (client) => {
        const notices: Notice[] = [];
        const hear = ({ detail }: Notice) => void notices.push({ detail });
        client.on('notice', hear);
        await client.query(text).finally(() => client.off('notice', hear));
        return notices;
      }),
    close: () => (closed ??= pool.end()),
  };
}

/** A key is durable before it is used, also on a server that is set to promise less. */
function withSettings(text: string): string {
  const url = new URL(text);
  const options = url.searchParams.get('options');
  url.searchParams.set('options', [options, '-c synchronous_commit=on'].filter(Boolean).join(' '));
  return url.href;
}

/** Broken connections, servers that start or stop, and transactions that stood in each other's way. */
const AT_ONCE = /^(ECONNRESET|EPIPE|08|57P0|40)/;
/** What the server itself says (SQLSTATE); every other code is of the way to it. */
const OF_SERVER = /^(?!E)[0-9A-Z]{5}$/;
/** Conditions of a server that pass, or that somebody ends: overload, a start, a lock, a disk, a copy that may not be written. */
const PASSING = /^(08|40|53|55|57|58|25006|28|3D000)/;

function faultOf(error: unknown): Error {
  if (error instanceof UnusableKeyVault || error instanceof KeyVaultUnavailable) return error;
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string')
    return error instanceof Error && /terminated|timeout|closed/i.test(error.message)
      ? new KeyVaultUnavailable('no answer', /terminated|closed/i.test(error.message))
      : (error as Error);
  if (!OF_SERVER.test(code) || PASSING.test(code)) return new KeyVaultUnavailable(code, AT_ONCE.test(code));
  return new UnusableKeyVault(
    `refused what it was asked (${code}). Check that its database is the one that this service made, and that this user owns its tables.`,
  );
}
