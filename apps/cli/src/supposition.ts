import { existsSync } from 'node:fs';
import type { Supposition } from '@consent-ledger/application';
import { compilePolicy, type Instant } from '@consent-ledger/consent';
import type { PolicyShelf } from '@consent-ledger/projections';
import { readPolicyFile } from './publish-policy.command.js';
import { CommandFailed } from './surroundings.js';

/** What is supposed on the command line: a policy, and from when it would be in force. */
export interface SupposedPolicy {
  /** A policy file, or a published version as `<id>@<version>`. */
  readonly policy?: string;
  readonly from?: Instant;
}

const PUBLISHED = /^([a-z][a-z0-9-]*)@(\d+)$/;

/**
 * The policy to suppose, if any; a published version counts from `at` where nothing else is said, because it has its place
 * among the others already. Throws `CommandFailed` and `InvalidPolicy`.
 */
export async function readSupposition(
  { policy: name, from }: SupposedPolicy,
  policies: PolicyShelf,
  at: Instant,
): Promise<Supposition | undefined> {
  if (name === undefined) return undefined;
  const [, id, version] = PUBLISHED.exec(name) ?? [];
  if (id !== undefined && !existsSync(name)) {
    const policy = policies.find(id, Number(version));
    if (policy) return { policy, from: from ?? at };
    throw new CommandFailed(`The log holds no policy ${name}, and there is no file of that name.`);
  }
  const policy = compilePolicy(await readPolicyFile(name));
  return { policy, from: from ?? policy.inForceFrom };
}
