import { closeSync, openSync, writeSync } from 'node:fs';
import type { ImportWatcher } from '@consent-ledger/application';
import { stringify } from 'csv-stringify/sync';

/** A file of the rows that an import refused, as they came, each behind its line and the reason. */
export interface RejectedRows {
  readonly watcher: Pick<ImportWatcher, 'onHeader' | 'onRefused'>;
  close(): void;
}

/** Opens the file, for its owner alone: it holds addresses. */
export function openRejectedRows(path: string): RejectedRows {
  const file = openSync(path, 'w', 0o600);
  const write = (cells: readonly (string | number)[]) => void writeSync(file, stringify([[...cells]]));
  return {
    watcher: {
      onHeader: (header) => write(['refused_line', 'refused_code', 'refused_reason', ...header]),
      onRefused: ({ line, code, reason }, cells) => write([line, code, reason, ...cells]),
    },
    close: () => closeSync(file),
  };
}
