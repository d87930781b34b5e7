import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives a run of the tests a place where its specs find the services that they share; nothing is started here. */
export default async function setUpRun(): Promise<void> {
  process.env['TEST_RUN_DIR'] = await mkdtemp(join(tmpdir(), 'ledger-run-'));
  process.env['TEST_RUN_PID'] = String(process.pid);
}
