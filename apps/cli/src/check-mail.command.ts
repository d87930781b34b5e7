import { InvalidAddress, normaliseAddress } from '@consent-ledger/privacy';
import { InvalidArgumentError, type Command } from 'commander';
import { checkMail } from './mail-check/check-mail.js';
import type { MailFinding } from './mail-check/finding.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

interface CheckMailOptions {
  readonly to?: string;
  readonly json?: true;
}

/** Adds `mail check`. */
export function addCheckMail(mail: Command, surroundings: Surroundings): void {
  mail
    .command('check')
    .description('Try out whether mail leaves as the big providers want it, and tell what to do where it does not.')
    .option('--to <address>', 'also send a sample there, through the mail server of the settings', readAddress)
    .option('--json', 'print [{check, standing, text, advice}] as JSON')
    .addHelpText('after', '\nIt works beside a service that runs, and asks DNS and PUBLIC_URL as a provider would.')
    .action((options: CheckMailOptions) => check(options, surroundings));
}

async function check({ to, json }: CheckMailOptions, surroundings: Surroundings): Promise<void> {
  const { stdout } = surroundings;
  const findings: MailFinding[] = [];
  for await (const finding of checkMail(to, surroundings)) {
    findings.push(finding);
    if (!json) stdout.write(describe(finding));
  }
  if (json) stdout.write(`${JSON.stringify(findings)}\n`);
  const count = findings.filter(({ standing }) => standing === 'failed').length;
  if (count > 0) throw new CommandFailed(`${count} of ${findings.length} checks failed.`);
}

const SIGNS = { passed: '✓', doubtful: '!', failed: '✗' } as const;
const WIDTH = 24;

function describe({ check, standing, text, advice }: MailFinding): string {
  const [first, ...rest] = [...text.split('\n'), ...(advice?.split('\n').map((line) => `→ ${line}`) ?? [])];
  const margin = ' '.repeat(WIDTH + 3);
  return [`${SIGNS[standing]} ${check.padEnd(WIDTH)} ${first}`, ...rest.map((line) => `${margin}${line}`), ''].join(
    '\n',
  );
}

function readAddress(text: string): string {
  try {
    return normaliseAddress(text);
  } catch (error) {
    if (error instanceof InvalidAddress) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
