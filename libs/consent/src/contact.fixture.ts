import type { ContactEvent, ContactEventData, ContactEventType, StatementReference } from './contact.js';
import type { Instant } from './instant.js';

/** The statement of the fixtures' policies, as an event names it. */
export const statement: StatementReference = { id: 'signup-form', version: 1, language: 'nl', hash: 'aa'.repeat(32) };

/** An instant from RFC 3339 text. Throws `RangeError` when the text is not one. */
export function instant(text: string): Instant {
  return new Date(new Date(text).toISOString()).getTime();
}

/** An event of a type at a moment, learnt of at once, whose id says what it is. */
export function happened<T extends ContactEventType>(type: T, at: string, data: ContactEventData[T]): ContactEvent {
  const occurredAt = instant(at);
  return { id: `${type} ${at}`, type, data, occurredAt, recordedAt: occurredAt } as ContactEvent;
}

/** The person opts in, to the newsletter unless said otherwise. */
export function optedIn(at: string, ...purposes: string[]): ContactEvent {
  return happened('OptedIn', at, { purposes: orNewsletter(purposes), statement, actOf: 'person' });
}

/** An import says that the person opted in, to the newsletter unless said otherwise. */
export function reported(at: string, ...purposes: string[]): ContactEvent {
  return happened('OptedIn', at, { purposes: orNewsletter(purposes), statement, actOf: 'reported' });
}

/** The person asks for messages, the newsletter unless said otherwise, and has yet to confirm it. */
export function optInRequested(at: string, ...purposes: string[]): ContactEvent {
  return happened('OptInRequested', at, { purposes: orNewsletter(purposes), statement, actOf: 'person' });
}

/** The person opts out, of the newsletter unless said otherwise. */
export function optedOut(at: string, ...purposes: string[]): ContactEvent {
  return happened('OptedOut', at, { purposes: orNewsletter(purposes) });
}

/** The person becomes a customer, with these conditions of P2 on record. */
export function customerStarted(at: string, ...conditions: string[]): ContactEvent {
  return happened('CustomerStarted', at, { conditions });
}

function orNewsletter(purposes: string[]): string[] {
  return purposes.length > 0 ? purposes : ['newsletter'];
}
