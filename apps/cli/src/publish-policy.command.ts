import { existsSync, statSync } from 'node:fs';
import { publishPolicy, readPolicies, type Publication } from '@consent-ledger/application';
import { holdsCitizenServiceNumber, type PolicyDocument } from '@consent-ledger/consent';
import { toRfc3339 } from '@consent-ledger/platform';
import { InvalidArgumentError, type Command } from 'commander';
import { withLog } from './data-directory.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

interface PublishOptions {
  readonly force?: true;
  readonly reason?: string;
}

/** Adds `policy publish`. */
export function addPublishPolicy(policy: Command, surroundings: Surroundings): void {
  policy
    .command('publish')
    .description('Publish a policy file to the log. A service that runs judges by it within a second.')
    .argument('<file>', 'a policy file (YAML or JSON)')
    .option(
      '--force',
      'also when it would be in force from a moment that has passed, or before an earlier version; needs --reason',
    )
    .option('--reason <why>', 'why; it stays in the log, so name nobody in it', readReason)
    .action((file: string, options: PublishOptions, command: Command) => {
      if (options.force && options.reason === undefined)
        command.error("error: --force needs --reason '<why>': a rule stands against it, and the log says why");
      return publish(file, options, surroundings);
    });
}

async function publish(file: string, options: PublishOptions, surroundings: Surroundings): Promise<void> {
  const document = await readPolicyFile(file);
  const actor = { kind: 'agent' } as const;
  const publication = await withLog(surroundings, ({ store }) =>
    publishPolicy(store, surroundings.clock, document, { ...options, actor }),
  );
  surroundings.stdout.write(`${describe(publication)}\n`);
}

/** The one policy in a file. Throws `InvalidPolicy`, and `CommandFailed` when it is no file. */
export async function readPolicyFile(file: string): Promise<PolicyDocument> {
  if (!existsSync(file)) throw new CommandFailed(`There is no file ${file}.`);
  if (statSync(file).isDirectory()) throw new CommandFailed(`${file} is a folder: name one policy file.`);
  const [document] = await readPolicies(file);
  return document!;
}

function describe({ document, publishedAt, forced, isNew }: Publication): string {
  const { id, version, inForceFrom } = document;
  const title = `${id} version ${version}`;
  if (!isNew) return `${title} was published before, with the same content: ${toRfc3339(publishedAt)}.`;
  return [
    `${title} is published${forced ? `, and ${whatIsForced(inForceFrom, publishedAt)}` : ''}.`,
    `  in force from  ${inForceFrom}`,
    `  published at   ${toRfc3339(publishedAt)}`,
  ].join('\n');
}

function whatIsForced(inForceFrom: string, publishedAt: number): string {
  if (Date.parse(inForceFrom) < publishedAt) return 'judges the past anew';
  return 'is in force only until the version that was published before it and comes after it';
}

function readReason(text: string): string {
  const reason = text.trim();
  if (reason.length < 1 || reason.length > 1000) throw new InvalidArgumentError('Say why in 1 to 1000 characters.');
  if (holdsCitizenServiceNumber(reason))
    throw new CommandFailed('The reason holds a citizen service number (BSN), which may not be kept: leave it out.');
  return reason;
}
