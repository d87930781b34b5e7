import { join } from 'node:path';

/** What the embedded ledger keeps under `DATA_DIR`. */
export interface DataFiles {
  readonly log: string;
  readonly vault: string;
  readonly readModels: string;
  readonly secrets: string;
  /** A folder of `.eml` files. */
  readonly outbox: string;
  /** A folder of `.eml` files that came in and wait for a person. */
  readonly inbound: string;
  /** The name of the mailer that has this directory. */
  readonly mailerName: string;
}

/** The paths of the files in a data directory. */
export function dataFiles(directory: string): DataFiles {
  return {
    log: join(directory, 'log.sqlite'),
    vault: join(directory, 'vault.sqlite'),
    readModels: join(directory, 'read-models.sqlite'),
    secrets: join(directory, 'secrets.json'),
    outbox: join(directory, 'outbox'),
    inbound: join(directory, 'inbound'),
    mailerName: join(directory, 'mailer-name'),
  };
}
