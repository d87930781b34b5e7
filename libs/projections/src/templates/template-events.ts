import type { Instant } from '@consent-ledger/consent';
import type { JsonObject, RecordedEvent } from '@consent-ledger/event-store';
import { recordedAtOf } from '../recorded-instants.js';

const PREFIX = 'template-';

/** The stream that holds every version of a template. */
export function templateStream(templateId: string): string {
  return PREFIX + templateId;
}

/** The template whose stream this is; `undefined` when the stream is not a template's. */
export function templateOfStream(streamId: string): string | undefined {
  return streamId.startsWith(PREFIX) ? streamId.slice(PREFIX.length) : undefined;
}

/** What a template says, by language tag, and the data that it is shown with. Nothing of a person is in it. */
export interface TemplateContent {
  readonly kind: 'commercial' | 'operational';
  readonly languages: Readonly<
    Record<string, { readonly subject?: string; readonly html: string; readonly text: string }>
  >;
  readonly sample?: JsonObject;
}

/** The events of a template's stream. */
export interface TemplateEventData {
  TemplatePublished: TemplateContent & { readonly version: number };
}

/** A version of a template as it stands in the log. */
export interface PublishedTemplate {
  readonly id: string;
  /** 1, 2, 3 … */
  readonly version: number;
  readonly publishedAt: Instant;
  readonly content: TemplateContent;
}

/** Reads an event of a template's stream. Throws `TypeError` for a type that it does not know. */
export function publishedTemplateOf(recorded: RecordedEvent): PublishedTemplate {
  const id = templateOfStream(recorded.streamId);
  if (id === undefined || recorded.type !== 'TemplatePublished')
    throw new TypeError(`The event at position ${recorded.position} is not one of a template.`);
  const { version, ...content } = recorded.data as unknown as TemplateEventData['TemplatePublished'];
  return { id, version, publishedAt: recordedAtOf(recorded), content };
}

/** How a message names a version of a template. */
export function templateReference(id: string, version: number): string {
  return `${id}@${version}`;
}

/** Takes a reference apart; `undefined` for a name without a version. */
export function readTemplateReference(
  reference: string,
): { readonly id: string; readonly version: number } | undefined {
  const [, id, version] = /^([^@]+)@([1-9]\d{0,8})$/.exec(reference) ?? [];
  return id === undefined ? undefined : { id, version: Number(version) };
}
