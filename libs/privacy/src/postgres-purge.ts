import { setTimeout as delay } from 'node:timers/promises';
import { KeyVaultUnavailable } from './key-vault.js';
import type { Notice, PostgresConnection } from './postgres-connection.js';
import { tableOf } from './postgres-vault-schema.js';

/**
 * Milliseconds in which transactions that began before the deletion may end: until then the server keeps what was deleted.
 * Those of this service are over sooner.
 */
const PATIENCE_MS = 3_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;
/** How many tables that a crash or a backup kept from being purged are purged beside those of a call. */
const LEFTOVERS = 4;

/**
 * Purges the tables of the buckets that need it, and some that were left over; answers for which of the buckets nothing is
 * left to purge. Where somebody holds one, others are not waited for either.
 */
export async function purgeBuckets(
  connection: PostgresConnection,
  own: readonly number[],
): Promise<readonly boolean[]> {
  const marked = await connection.queryAgain<{ bucket: number; mark: string }>(
    `SELECT bucket, mark FROM remnants ORDER BY bucket = ANY($1) DESC LIMIT $2`,
    [own, own.length + LEFTOVERS],
  );
  const left = new Set(marked.map(({ bucket }) => bucket));
  for (const { bucket, mark } of marked) {
    if (!(await rewrite(connection, bucket, mark))) break;
    await connection.query('DELETE FROM remnants WHERE bucket = $1 AND mark = $2', [bucket, mark]);
    left.delete(bucket);
  }
  return own.map((bucket) => !left.has(bucket));
}

/**
 * Writes a table anew without what was deleted, which PostgreSQL otherwise leaves in the file even when it vacuums. Answers
 * false when somebody who began before may still see the deleted rows, or holds the table, as a backup does.
 */
async function rewrite(connection: PostgresConnection, bucket: number, mark: string): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  try {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      if (await isOutlived(connection, mark)) {
        const notices = await connection.queryNotices(`VACUUM (FULL, VERBOSE) ${tableOf(bucket)}`);
        if (notices.some(keptNothing)) return true;
      }
      if (performance.now() > deadline) return false;
      await delay(pause);
    }
  } catch (error) {
    if (error instanceof KeyVaultUnavailable) return false;
    throw error;
  }
}

/**
 * Whether all that was being written when the rows were deleted has ended, in whichever database of the server: `VACUUM FULL`
 * looks through a snapshot of its own, and so keeps what they might see although none of them can. A mark that is still to
 * come was set on another server, from which this vault was restored.
 */
async function isOutlived(connection: PostgresConnection, mark: string): Promise<boolean> {
  const rows = await connection.queryAgain<{ outlived: boolean }>(
    `SELECT txid_snapshot_xmin(now) > $1 OR txid_snapshot_xmax(now) <= $1 AS outlived
      FROM txid_current_snapshot() AS now`,
    [mark],
  );
  return rows[0]!.outlived;
}

/** Whether the server says of a table that it wrote anew that no deleted row had to stay: the first number of the detail. */
function keptNothing({ detail = '' }: Notice): boolean {
  return /^\D*0\D/.test(detail);
}
