import type { Configuration } from '@consent-ledger/platform';
import { startBackground, type BackgroundProcess, type Overrides } from '@consent-ledger/process';
import { Module } from '@nestjs/common';
import { WorkerModule } from './worker.module.js';

/** The worker alone in a process. */
@Module({})
class WorkerProcessModule {}

/** Starts the worker in a process of its own. Rejects with `ConfigurationError` where it would share no log with the others. */
export function startWorker(configuration: Configuration, overrides: Overrides = {}): Promise<BackgroundProcess> {
  return startBackground(
    'worker',
    ({ application }) => ({ module: WorkerProcessModule, imports: [application, WorkerModule] }),
    configuration,
    overrides,
  );
}
