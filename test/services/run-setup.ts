import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { leftOut } from '../support/embedded-only.mjs';

/**
 * Gives a run of the tests a place where its specs find what they share, and says what the profile leaves out; nothing is
 * started here.
 */
export default async function setUpRun(): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'ledger-run-'));
  process.env['TEST_RUN_DIR'] = place;
  process.env['TEST_RUN_PID'] = String(process.pid);
  // Each spec of a service reads it, and YAML takes far longer to read.
  const document = await readFile(new URL('../../apps/api/openapi/openapi.yaml', import.meta.url), 'utf8');
  await writeFile(join(place, 'openapi.json'), JSON.stringify(parse(document)));
  for (const { spec, tests, why } of leftOut(process.env))
    process.stdout.write(`Not on this profile: ${spec}${tests === undefined ? '' : `, "${tests}"`}. ${why}\n`);
}
