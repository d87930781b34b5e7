import type { Instant } from '@consent-ledger/consent';
import type { JsonObject, RecordedEvent } from '@consent-ledger/event-store';
import { toRfc3339 } from '@consent-ledger/platform';
import { mailEventOf } from '@consent-ledger/projections';
import type { OutgoingMessage } from '../message-broker.js';
import { SOURCE, structuredHeaders, TYPE_PREFIX } from './cloud-event.js';

/** For whom and in what mailing a message was. */
export interface DeliveryNames {
  readonly contactId: string;
  readonly mailingId: string;
  readonly purpose: string;
}

/** The fields of each outcome that are published; an event of a delivery that is not named here is no outcome. */
const published: Readonly<Record<string, readonly string[]>> = {
  MailSent: ['attempt'],
  DeliverySuppressed: ['reason'],
  DeliveryDeferred: ['attempt', 'retryAt', 'code'],
  DeliveryFailed: ['attempt', 'permanent', 'code'],
  DeliveryOutcomeUnknown: [],
};

/** What a mail server or a library calls a failure; its words may hold an address and are no code. */
const CODE = /^[\w.-]{1,32}$/;

/** The message that tells what became of a delivery; `undefined` where the event says nothing of that. */
export function mailOutcomeOf(
  recorded: RecordedEvent,
  find: (deliveryId: string) => DeliveryNames | undefined,
): OutgoingMessage | undefined {
  const event = mailEventOf(recorded);
  const fields = event?.kind === 'delivery' ? published[event.type] : undefined;
  const delivery = fields && find(event!.id);
  if (!fields || !delivery) return undefined;
  const { contactId, mailingId, purpose } = delivery;
  const told = fields.map((field) => [field, recorded.data[field]] as const).filter(isTellable);
  const data = { deliveryId: event!.id, mailingId, purpose, ...(Object.fromEntries(told) as JsonObject) };
  const time = recorded.metadata['occurredAt'] as string;
  return outcome(event!.id, { id: recorded.id, type: event!.type, subject: contactId, time, data });
}

/** What became of a job: how many of its recipients are in the mailing by it, the same for every copy of it. */
export interface MailJobTaken {
  readonly mailingId: string;
  readonly accepted: number;
  /** Those who were in the mailing already, by another job or twice in this one. */
  readonly duplicates: number;
  /** Those whose address is none. */
  readonly invalid: number;
}

/** The message that tells that a job was taken. `id` tells the copies of it apart from other jobs. */
export function mailJobTaken(id: string, taken: MailJobTaken, at: Instant): OutgoingMessage {
  return outcome(taken.mailingId, { id, type: 'MailJobTaken', time: toRfc3339(at), data: taken });
}

function outcome(
  key: string,
  told: { id: string; type: string; subject?: string; time: string; data: object },
): OutgoingMessage {
  const { id, type, data, ...attributes } = told;
  const envelope = { specversion: '1.0', id, source: SOURCE, type: TYPE_PREFIX + type, ...attributes };
  const value = JSON.stringify({ ...envelope, datacontenttype: 'application/json', data });
  return { key, value, headers: structuredHeaders };
}

function isTellable([field, value]: readonly [string, unknown]): boolean {
  return value !== undefined && (field !== 'code' || (typeof value === 'string' && CODE.test(value)));
}
