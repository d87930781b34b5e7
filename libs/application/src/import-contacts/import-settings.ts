import { validationProblem, type FieldError } from '@consent-ledger/platform';
import type { ImportRequest } from './import-contacts.js';
import {
  importPresetNames,
  rowFields,
  rowStatuses,
  type ImportPreset,
  type RowField,
  type RowStatus,
} from './import-mapping.js';
import { createDateReader } from './row-date.js';
import { parseStatementName } from './row-reader.js';

/** What an operator says of a file, as texts: of a command line or the query of a request. */
export interface ImportSettings {
  readonly preset?: string | undefined;
  /** `field=column`, one or more to a text with commas between. */
  readonly map?: readonly string[] | undefined;
  /** `word=meaning` for a word of the status column. */
  readonly status?: readonly string[] | undefined;
  /** `name=purpose` for a name in the file, or `name=` for one that is no purpose. */
  readonly purposeName?: readonly string[] | undefined;
  /** With commas between. */
  readonly purposes?: string | undefined;
  /** `all`, or purposes with commas between. */
  readonly optOutOf?: string | undefined;
  /** `signup-form@1:nl` */
  readonly statement?: string | undefined;
  readonly occurredAt?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly delimiter?: string | undefined;
}

const columnNames: Readonly<Record<string, RowField>> = {
  ...Object.fromEntries(rowFields.map((field) => [field.toLowerCase(), field])),
  email: 'address',
};
/** A comma ends a column where another field follows it; a column's own name may hold commas. */
const BETWEEN_FIELDS = new RegExp(`,(?=\\s*(?:${Object.keys(columnNames).join('|')})\\s*=)`, 'i');

/** Reads the settings of an import. Throws the problem `VALIDATION`, which names each that cannot be read. */
export function readImportSettings(settings: ImportSettings): ImportRequest {
  const faults: FieldError[] = [];
  const fault = (field: keyof ImportSettings, message: string): undefined => void faults.push({ field, message });
  const { preset = 'csv', timeZone, delimiter } = settings;

  const columns = pairsOf(settings.map?.flatMap((text) => text.split(BETWEEN_FIELDS))).flatMap(([name, column]) => {
    const field = columnNames[name.toLowerCase()];
    if (field === undefined || !column) fault('map', `is field=column; the fields are: ${rowFields.join(', ')}`);
    return field === undefined || !column ? [] : [[field, column] as const];
  });
  const statuses = pairsOf(settings.status).flatMap(([word, meaning]) => {
    if (isStatus(meaning)) return [[word, meaning] as const];
    fault('status', `is word=meaning; the meanings are: ${rowStatuses.join(', ')}`);
    return [];
  });
  const purposeNames = pairsOf(settings.purposeName).map(([name, purpose]) => {
    if (purpose === undefined) fault('purposeName', 'is name=purpose, or name= for a name that is no purpose');
    return [name, purpose ? purpose : null] as const;
  });
  const statement = settings.statement === undefined ? undefined : parseStatementName(settings.statement);
  if (settings.statement !== undefined && !statement)
    fault('statement', 'is <id>@<version>:<language>, as shop-form@2:en');
  const occurredAt = settings.occurredAt === undefined ? undefined : createDateReader('UTC')(settings.occurredAt);
  if (settings.occurredAt !== undefined && occurredAt === undefined)
    fault('occurredAt', 'is an instant, such as 2026-01-31T12:00:00Z');
  if (!isPreset(preset)) fault('preset', `is one of ${importPresetNames.join(', ')}`);
  if (faults.length > 0) throw validationProblem(faults);
  return {
    preset: preset as ImportPreset,
    ...(columns.length > 0 && { columns: Object.fromEntries(columns) }),
    ...(statuses.length > 0 && { statuses: Object.fromEntries(statuses) }),
    ...(purposeNames.length > 0 && { purposeNames: Object.fromEntries(purposeNames) }),
    ...(settings.purposes !== undefined && { purposes: listOf(settings.purposes) }),
    ...(settings.optOutOf !== undefined && {
      optOutOf: settings.optOutOf.trim() === 'all' ? 'all' : listOf(settings.optOutOf),
    }),
    ...(statement && { statement }),
    ...(occurredAt !== undefined && { occurredAt }),
    ...(timeZone !== undefined && { timeZone }),
    ...(delimiter !== undefined && { delimiter: delimiter === '\\t' ? '\t' : delimiter }),
  };
}

/** What stands before the first `=` and after it. */
function pairsOf(texts: readonly string[] = []): [string, string | undefined][] {
  return texts.map((text) => {
    const at = text.indexOf('=');
    return at === -1 ? [text.trim(), undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  });
}

function listOf(text: string): string[] {
  return text.split(',').flatMap((part) => part.trim() || []);
}

function isPreset(text: string): text is ImportPreset {
  return (importPresetNames as readonly string[]).includes(text);
}

function isStatus(text: string | undefined): text is RowStatus {
  return (rowStatuses as readonly (string | undefined)[]).includes(text);
}
