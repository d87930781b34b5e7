import { KeyVaultUnavailable } from './key-vault.js';
import type { Notice, PostgresConnection } from './postgres-connection.js';
import { tableOf } from './postgres-vault-schema.js';

/** A query of another process that has just begun may hold on to what was destroyed; it is over soon. */
const PURGES = 3;
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
    if (!(await rewrite(connection, bucket))) break;
    await connection.query('DELETE FROM remnants WHERE bucket = $1 AND mark = $2', [bucket, mark]);
    left.delete(bucket);
  }
  return own.map((bucket) => !left.has(bucket));
}

/**
 * Writes a table anew without what was deleted, which PostgreSQL otherwise leaves in the file even when it vacuums. Answers
 * false when somebody who began before may still see the deleted rows, or holds the table, as a backup does.
 */
async function rewrite(connection: PostgresConnection, bucket: number): Promise<boolean> {
  for (let time = 0; time < PURGES; time++) {
    try {
      const notices = await connection.queryNotices(`VACUUM (FULL, VERBOSE) ${tableOf(bucket)}`);
      if (notices.some(keptNothing)) return true;
    } catch (error) {
      if (error instanceof KeyVaultUnavailable) return false;
      throw error;
    }
  }
  return false;
}

/** Whether the server says of a table that it wrote anew that no deleted row had to stay: the first number of the detail. */
function keptNothing({ detail = '' }: Notice): boolean {
  return /^\D*0\D/.test(detail);
}
