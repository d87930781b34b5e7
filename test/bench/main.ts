import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MissingEngine } from './engine.js';
import type { Line, Row } from './row.js';
import { batchVerdicts } from './rows/batch-verdicts.js';
import { catchingUp } from './rows/catch-up.js';
import { distributedOptIns } from './rows/distributed-opt-ins.js';
import { dueDates } from './rows/due-dates.js';
import { footprint } from './rows/footprint.js';
import { importing } from './rows/import.js';
import { optIns } from './rows/opt-ins.js';
import { optOutDelay } from './rows/opt-out-delay.js';
import { rebuilding } from './rows/rebuild.js';
import { relaying } from './rows/relay.js';
import { simulation } from './rows/simulation.js';
import { singleVerdict } from './rows/single-verdict.js';
import { streamedVerdicts } from './rows/streamed-verdicts.js';
import { full, quick, type Sizes } from './sizes.js';
import { tableOf } from './table.js';

const rows: readonly Row[] = [
  singleVerdict,
  batchVerdicts,
  streamedVerdicts,
  optIns,
  importing,
  rebuilding,
  dueDates,
  simulation,
  footprint,
  distributedOptIns,
  relaying,
  catchingUp,
  optOutDelay,
];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function chosenRows(names: string | undefined): readonly Row[] {
  if (names === undefined) return rows;
  return [...new Set(names.split(','))].map((name) => {
    const row = rows.find((candidate) => candidate.name === name);
    if (!row) throw new Error(`There is no row "${name}". The rows: ${rows.map((known) => known.name).join(', ')}.`);
    return row;
  });
}

function describeRun(sizes: Sizes): string {
  const [cpu] = cpus();
  return [
    `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}, ${process.platform}`,
    `sizes: ${Object.entries(sizes)
      .map(([name, size]) => `${name} ${size}`)
      .join(', ')}`,
    '',
  ].join('\n');
}

async function measured(row: Row): Promise<Line[]> {
  try {
    return await row.measure(sizes, join(directory, row.name));
  } catch (error) {
    if (!(error instanceof MissingEngine)) throw error;
    return [{ name: row.name, ours: `skipped: ${error.message}` }];
  }
}

const { values } = parseArgs({ options: { rows: { type: 'string' }, quick: { type: 'boolean', default: false } } });
const chosen = chosenRows(values.rows);
const sizes = values.quick ? quick : full;
const directory = mkdtempSync(join(tmpdir(), 'consent-ledger-bench-'));

say(describeRun(sizes));
const lines: Line[] = [];
try {
  for (const row of chosen) {
    say(`${row.name}: ${row.about}`);
    lines.push(...(await measured(row)));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
say(`\n${tableOf(lines)}`);
