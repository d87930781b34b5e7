import { isISO8601, ValidateBy } from 'class-validator';

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** The instant that an RFC 3339 text names, in milliseconds; `undefined` when it is none. */
export function parseInstant(text: unknown): number | undefined {
  if (typeof text !== 'string' || !RFC_3339.test(text)) return undefined;
  if (!isISO8601(text.toUpperCase(), { strict: true, strictSeparator: true })) return undefined;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

/** The field must be an RFC 3339 instant with an offset. */
export function IsInstant() {
  return ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value) => parseInstant(value) !== undefined,
      defaultMessage: () => 'must be an RFC 3339 instant with an offset, such as 2026-01-31T12:00:00+01:00',
    },
  });
}
