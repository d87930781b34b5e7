import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Position } from '@consent-ledger/event-store';
import { openReadModels, type Projection, type ReadModels } from '@consent-ledger/projections';

/** Where a projection stands in a file of read models. */
export interface StoredCheckpoint {
  readonly version: number;
  readonly position: Position;
}

/** Opens a file of read models to look at; `undefined` when there is none. Throws `ReadModelsInUse`. */
export function openStored(path: string): ReadModels | undefined {
  return existsSync(path) ? openReadModels(path) : undefined;
}

/** How far a projection had come in these read models; `undefined` when it was never in them. */
export function storedCheckpoint({ db }: ReadModels, { name }: Projection): StoredCheckpoint | undefined {
  return db.prepare<[string], StoredCheckpoint>('SELECT version, position FROM checkpoints WHERE name = ?').get(name);
}

/** In how many rows the stored tables differ from those of a fold that holds one projection only. */
export function countDifferences(fold: ReadModels, stored: ReadModels): number {
  const tables = fold.db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'checkpoints'")
    .pluck()
    .all();
  return tables.reduce((sum, table) => sum + differencesIn(table, fold.db, stored.db), 0);
}

type Database = ReadModels['db'];

/** Each table is keyed by its first column. */
function differencesIn(table: string, fold: Database, stored: Database): number {
  const rows = fold.prepare<[], unknown[]>(`SELECT * FROM ${table}`).raw();
  const key = rows.columns()[0]!.name;
  const find = stored.prepare<[unknown], unknown[]>(`SELECT * FROM ${table} WHERE ${key} = ?`).raw();
  let [found, differing] = [0, 0];
  for (const row of rows.iterate()) {
    const counterpart = find.get(row[0]);
    if (counterpart) found++;
    if (!isDeepStrictEqual(row, counterpart)) differing++;
  }
  const all = stored.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get()!;
  return differing + (all - found);
}
