import type { Line } from './row.js';

const HEAD = ['row', 'ours', 'floor', 'ratio', 'target', ''];

/** The lines as a table in Markdown, which also reads well in a terminal. */
export function tableOf(lines: readonly Line[]): string {
  const cells = [HEAD, ...lines.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]!.length), 3));
  const [head, ...body] = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`,
  );
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [head, rule, ...body].join('\n');
}

function cellsOf({ name, ours, floor = '', ratio, target }: Line): string[] {
  const met = target ? (target.met ? 'met' : 'short') : '';
  return [name, ours, floor, ratio === undefined ? '' : ratio.toFixed(2), target?.text ?? '', met];
}
