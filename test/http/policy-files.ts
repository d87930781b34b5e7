import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PolicyDocument } from '@consent-ledger/consent';
import { parse, stringify } from 'yaml';

const shipped = new URL('../../libs/consent/policies/dnp-giftcard.yaml', import.meta.url);

/** A folder of policies for `POLICY_PATH`: the shipped one, and what each edit makes of it. */
export async function writePolicies(
  ...edits: readonly ((policy: PolicyDocument) => object)[]
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const text = await readFile(shipped, 'utf8');
  const path = await mkdtemp(join(tmpdir(), 'consent-ledger-policies-'));
  await writeFile(join(path, '1.yaml'), text);
  for (const [index, edit] of edits.entries())
    await writeFile(join(path, `${index + 2}.yaml`), stringify(edit(parse(text) as PolicyDocument)));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
