/** A published message: CloudEvents 1.0 in structured mode. `subject` is a contact's id, which tells nothing of the person. */
export interface CloudEvent<Data> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Data;
}

/** Who publishes. The id of a message is unique within it. */
export const SOURCE = 'urn:consent-ledger';

/** Every published type begins so. */
export const TYPE_PREFIX = 'consent-ledger.';

/** The headers of a message in structured mode; nothing of the content stands in them. */
export const structuredHeaders = { 'content-type': 'application/cloudevents+json; charset=utf-8' } as const;
