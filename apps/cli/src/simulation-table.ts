import type { PastSends, SimulationAnswer } from '@consent-ledger/application';
import { formatCount } from './progress-display.js';

/** A simulation as somebody reads it in a terminal: the answers, the months, and the messages of the past. */
export function simulationTable(answer: SimulationAnswer): string {
  const { at, contacts, policy, supposed, pastSends } = answer;
  const people = `${formatCount(contacts)} ${contacts === 1 ? 'contact' : 'contacts'}`;
  const head = [`${people} at ${at}, judged by ${policy.id} version ${policy.version}`];
  if (supposed) head.push(`supposed: ${supposed.id} version ${supposed.version} in force from ${supposed.from}`);
  const parts = [head, answerLines(answer), dueLines(answer), ...(pastSends ? [sendLines(pastSends)] : [])];
  return parts.map((lines) => lines.map((line) => `${line}\n`).join('')).join('\n');
}

function answerLines({ purposes, supposed }: SimulationAnswer): string[] {
  const head = ['purpose', 'eligible', ...(supposed ? ['gained', 'lost'] : []), 'reasons'];
  const rows = Object.entries(purposes).map(([name, { eligible, gained, lost, reasons }]) => [
    name,
    formatCount(eligible),
    ...(supposed ? [formatCount(gained), formatCount(lost)] : []),
    countsInWords(reasons),
  ]);
  return aligned([head, ...rows], ['purpose', 'reasons']);
}

function dueLines({ overdue, months }: SimulationAnswer): string[] {
  const head = ['month', 'prompts', 'reminders', 'lapses', 'evidence ends', 'erasures'];
  const rows = [{ month: 'overdue', ...overdue }, ...months].map((due) => [
    due.month,
    ...[due.prompts, due.reminders, sumOf(due.lapses), due.evidenceEnds, due.erasures].map(formatCount),
  ]);
  return aligned([head, ...rows], ['month']);
}

function sendLines({ judged, refused, reasons }: PastSends): string[] {
  const which = refused > 0 ? `: ${countsInWords(reasons)}` : '';
  return [`Of ${formatCount(judged)} messages that went out, ${formatCount(refused)} would have been refused${which}`];
}

function countsInWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${formatCount(count)}`)
    .join(', ');
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Rows in columns, words to the left and numbers to the right; the first row names the columns. */
function aligned(rows: readonly (readonly string[])[], words: readonly string[]): string[] {
  const head = rows[0]!;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number) =>
    words.includes(head[column]!) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}
