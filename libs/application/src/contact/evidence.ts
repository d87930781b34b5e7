import type { Instant } from '@consent-ledger/consent';
import type { Json, JsonObject } from '@consent-ledger/event-store';

/** How it is said that a recording is gone; `{day}` is an ISO 8601 date. */
const DELETED = { nl: 'verwijderd op {day} volgens P8', en: 'deleted on {day} under P8' } as const;

/**
 * What was sealed beside an event, as it may be shown at a moment: from the instant at which its recording is to be deleted,
 * evidence says that and on which day in `timeZone`, and no longer where the recording was (P8).
 */
export function shownEvidence(
  personal: JsonObject,
  { evidenceEndsAt }: JsonObject,
  at: Instant,
  { language, timeZone }: { readonly language: keyof typeof DELETED; readonly timeZone: string },
): JsonObject {
  const { evidence } = personal;
  if (typeof evidenceEndsAt !== 'string' || at < Date.parse(evidenceEndsAt)) return personal;
  if (!isObject(evidence) || evidence['recordingRef'] === undefined) return personal;
  const day = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(Date.parse(evidenceEndsAt));
  return { ...personal, evidence: { ...evidence, recordingRef: DELETED[language].replace('{day}', day) } };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
