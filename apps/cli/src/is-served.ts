import { existsSync } from 'node:fs';
import { dataFiles } from '@consent-ledger/platform';
import { openReadModels, ReadModelsInUse } from '@consent-ledger/projections';

/** Whether a service runs on a data directory: it has the read models open. Who else uses the other files cannot be told. */
export function isServed(directory: string): boolean {
  const { readModels } = dataFiles(directory);
  if (!existsSync(readModels)) return false;
  try {
    openReadModels(readModels).close();
    return false;
  } catch (error) {
    return error instanceof ReadModelsInUse;
  }
}
