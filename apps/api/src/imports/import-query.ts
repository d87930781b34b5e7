import { readImportSettings, type ImportRequest, type ImportSettings } from '@consent-ledger/application';
import { validationProblem } from '@consent-ledger/platform';

/** What an import is asked to be, and whether only to try it. */
export interface ImportQuery {
  readonly request: ImportRequest;
  readonly dryRun: boolean;
}

const single = ['preset', 'purposes', 'optOutOf', 'statement', 'occurredAt', 'timeZone', 'delimiter'] as const;
const repeatable = ['map', 'status', 'purposeName'] as const;
const known: readonly string[] = [...single, ...repeatable, 'dryRun'];

/** Reads the query of an import. Throws the problem `VALIDATION` for a parameter that is unknown or cannot be read. */
export function readImportQuery(query: Readonly<Record<string, unknown>>): ImportQuery {
  const faults = Object.keys(query).flatMap((name) =>
    known.includes(name) ? [] : [{ field: name, message: 'is not a parameter of this request' }],
  );
  for (const name of [...single, 'dryRun'])
    if (Array.isArray(query[name])) faults.push({ field: name, message: 'may be given once' });
  const { dryRun = 'false' } = query;
  if (dryRun !== 'true' && dryRun !== 'false') faults.push({ field: 'dryRun', message: 'must be true or false' });
  if (faults.length > 0) throw validationProblem(faults);
  const settings: ImportSettings = {
    ...Object.fromEntries(single.map((name) => [name, query[name]])),
    ...Object.fromEntries(repeatable.map((name) => [name, listOf(query[name])])),
  };
  return { request: readImportSettings(settings), dryRun: dryRun === 'true' };
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
