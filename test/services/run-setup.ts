import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftOut } from '../support/embedded-only.mjs';

/**
 * Gives a run of the tests a place where its specs find the services that they share, and says what the profile leaves out;
 * nothing is started here.
 */
export default async function setUpRun(): Promise<void> {
  process.env['TEST_RUN_DIR'] = await mkdtemp(join(tmpdir(), 'ledger-run-'));
  process.env['TEST_RUN_PID'] = String(process.pid);
  for (const { spec, tests, why } of leftOut(process.env))
    process.stdout.write(`Not on this profile: ${spec}${tests === undefined ? '' : `, "${tests}"`}. ${why}\n`);
}
