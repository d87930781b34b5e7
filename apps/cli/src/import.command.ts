import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import {
  importPresetNames,
  readImportSettings,
  type ImportProgress,
  type ImportReport,
  type ImportRequest,
  type ImportWatcher,
} from '@consent-ledger/application';
import { deterministicId, newId, Problem } from '@consent-ledger/platform';
import { Option, type Command } from 'commander';
import { INCOMPLETE, MISUSED } from './exit-codes.js';
import { tellProblem, withLedger } from './open-ledger.js';
import { createDisplay, formatCount } from './progress-display.js';
import { openRejectedRows } from './rejected-rows.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

interface ImportCommandOptions {
  readonly preset: string;
  readonly map?: readonly string[];
  readonly status?: readonly string[];
  readonly purposes?: string;
  readonly purposeName?: readonly string[];
  readonly optOutOf?: string;
  readonly statement?: string;
  readonly occurredAt?: string;
  readonly timeZone?: string;
  readonly delimiter?: string;
  readonly reference?: string;
  readonly dryRun?: true;
  readonly rejected?: string;
  readonly json?: true;
}

/** Adds `import`, and answers it: it has commands of its own. */
export function addImport(ledger: Command, surroundings: Surroundings): Command {
  const all = (text: string, before: readonly string[] = []) => [...before, text];
  return ledger
    .command('import')
    .description(
      'Record what a CSV file of contacts says, also while the service runs. Repeating it records nothing twice.',
    )
    .argument('<file>', 'the file, in UTF-8; - for standard input')
    .addOption(new Option('--preset <name>', 'which columns it has').choices(importPresetNames).default('csv'))
    .option('--map <field=column>', 'which column holds a field: email=E-mail,status=State', all)
    .option('--status <word=meaning>', 'what a word in the status column means: enabled=opted-in', all)
    .option('--purposes <names>', 'what rows opt in to that name no purpose, with commas between')
    .option('--purpose-name <name=purpose>', 'the purpose that a name in the file is; name= for none', all)
    .option('--opt-out-of <names>', 'what rows opt out of that name no purpose (default: all commercial mail)')
    .option('--statement <id@version:language>', 'the text to which rows agreed that name none: shop-form@2:en')
    .option('--occurred-at <instant>', 'when that happened which bears no date')
    .option('--time-zone <zone>', 'of dates without an offset (default: UTC)')
    .option('--delimiter <character>', 'what stands between cells (default: told from the header)')
    .option('--reference <text>', 'where the file came from; sealed with each event')
    .option('--dry-run', 'record nothing, and tell what would be')
    .option('--rejected <file>', 'write the rows that are refused, with the reason, to this CSV file')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 not used as it should be, 3 done but rows were refused.')
    .action((file: string, options: ImportCommandOptions) => importFile(file, options, surroundings));
}

async function importFile(file: string, options: ImportCommandOptions, surroundings: Surroundings): Promise<void> {
  const request = await requestOf(file, options);
  const report = await withLedger(surroundings, async ({ importContacts }) => {
    const rejected = options.rejected === undefined ? undefined : openRejectedRows(options.rejected);
    const display = createDisplay('import', describe(sizeOf(file)), surroundings);
    const watcher: ImportWatcher = { onProgress: display.show, signal: surroundings.signal, ...rejected?.watcher };
    const origin = { actor: { kind: 'system' as const }, correlationId: request.importId };
    try {
      const run = options.dryRun ? importContacts.dryRun : importContacts.run;
      return await run.call(importContacts, contentOf(file, surroundings.signal), request, origin, watcher);
    } finally {
      display.end();
      rejected?.close();
    }
  });
  surroundings.stdout.write(options.json ? `${JSON.stringify(report)}\n` : summaryOf(report, options.rejected));
  if (report.refused.length > 0)
    throw new CommandFailed('Not every row was taken as it is: see what was refused above.', INCOMPLETE);
}

/** A file is one import however often it comes with the same options, so that one command takes all of it back. */
async function requestOf(file: string, options: ImportCommandOptions): Promise<ImportRequest & { importId: string }> {
  const { dryRun, rejected, json, reference, ...settings } = options;
  const request = { ...settingsOf(settings), ...(reference !== undefined && { reference }) };
  if (file === '-') return { ...request, importId: newId() };
  if (sizeOf(file) === undefined) throw new CommandFailed(`There is no file ${file}.`);
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return { ...request, importId: deterministicId('import', digest.digest('hex'), JSON.stringify(request)) };
}

function settingsOf(settings: Omit<ImportCommandOptions, 'dryRun' | 'rejected' | 'json' | 'reference'>): ImportRequest {
  try {
    return readImportSettings(settings);
  } catch (error) {
    throw error instanceof Problem ? new CommandFailed(tellProblem(error), MISUSED) : error;
  }
}

function contentOf(file: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (file !== '-') return createReadStream(file, { highWaterMark: 256 * 1024 });
  // Whoever stops an import does not wait for the other end of a pipe.
  return addAbortSignal(signal, process.stdin);
}

/** In bytes; unknown of standard input and of what is no file. */
function sizeOf(file: string): number | undefined {
  const found = file === '-' ? undefined : statSync(file, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}

function describe(size: number | undefined): (progress: ImportProgress) => string {
  const startedAt = performance.now();
  return ({ rows, bytes }) => {
    const seconds = (performance.now() - startedAt) / 1000;
    const part = size ? ` (${Math.floor((100 * bytes) / size)}%)` : '';
    return `${formatCount(rows)} rows${part}, ${formatCount(Math.round(rows / Math.max(0.001, seconds)))} a second`;
  };
}

const LINES_SHOWN = 20;

function summaryOf(report: ImportReport, rejected: string | undefined): string {
  const { importId, dryRun, rows, recorded, unchanged, refusedRows, events, refused } = report;
  const counts: [string, number][] = [
    ['rows', rows],
    [dryRun ? 'would be recorded' : 'recorded', recorded],
    ['nothing new', unchanged],
    ['refused', refusedRows],
    ...Object.entries(events).map(([type, count]): [string, number] => [`  ${type}`, count]),
  ];
  const width = Math.max(...counts.map(([, count]) => formatCount(count).length));
  const table = counts.map(([name, count]) => `${name.padEnd(20)}${formatCount(count).padStart(width)}`);
  const shown = refused.slice(0, LINES_SHOWN).map(({ line, code, reason }) => `line ${line}: ${code}: ${reason}`);
  const more =
    refused.length > LINES_SHOWN
      ? [`and more${rejected ? `: all are in ${rejected}` : ': --rejected keeps them all'}`]
      : [];
  const undo = !dryRun && events['OptedIn'] ? [`ledger import take-back ${importId} takes it back.`] : [];
  const title = dryRun ? 'Dry run: nothing was recorded.' : `Import ${importId}`;
  return `${[title, ...table, ...undo, ...shown, ...more].join('\n')}\n`;
}
