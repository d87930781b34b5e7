import { createHash } from 'node:crypto';
import type { Instant } from '@consent-ledger/consent';
import MailComposer from 'nodemailer/lib/mail-composer';
import { checkDeliveryId } from './delivery-id.js';
import { listHeaders, type MailingList, type Unsubscribe } from './list-headers.js';
import { headerText, readAddress, type Mailbox } from './mailbox.js';
import { MessageRefused } from './message-refused.js';

export type { MailingList, Unsubscribe } from './list-headers.js';
export type { Mailbox } from './mailbox.js';

/** What a message is for: it decides the headers. A confirmation is the mail of a double opt-in. */
export type MessagePurpose =
  | { readonly kind: 'commercial'; readonly list: MailingList; readonly unsubscribe: Unsubscribe }
  | { readonly kind: 'operational' }
  | { readonly kind: 'confirmation' };

export interface MessageInput {
  readonly deliveryId: string;
  readonly date: Instant;
  /** The controller's name and the configured address; its domain stands in the Message-ID. */
  readonly from: Mailbox;
  readonly to: Mailbox;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** The language tag of subject and bodies (RFC 3282). */
  readonly language: string;
  readonly purpose: MessagePurpose;
}

/** The addresses that the mail servers go by, with their domains in A-labels. */
export interface Envelope {
  readonly from: string;
  readonly to: string;
}

export interface ComposedMessage {
  /** The message as RFC 5322 writes it, lines ended by CRLF. */
  readonly raw: Buffer;
  readonly envelope: Envelope;
  /** With its angle brackets. */
  readonly messageId: string;
}

/**
 * Composes a message of HTML and plain text. The same input gives the same bytes, so that a message that is composed again
 * after a crash is the same message. Commercial mail bears `List-Id`, `List-Unsubscribe` and `List-Unsubscribe-Post`
 * (RFC 8058), other mail none of them; a confirmation says that it is `Auto-Submitted` (RFC 3834). Throws
 * `MessageRefused`: `INVALID_SUBJECT`, `INVALID_NAME`, `INVALID_ADDRESS`, `INVALID_DELIVERY_ID`, `INVALID_LIST`,
 * `INSECURE_UNSUBSCRIBE_URL`.
 */
export async function composeMessage(input: MessageInput): Promise<ComposedMessage> {
  const deliveryId = checkDeliveryId(input.deliveryId);
  const from = readAddress(input.from.address);
  const to = readAddress(input.to.address);
  const messageId = `<${deliveryId}@${from.domain}>`;
  const raw = await new MailComposer({
    from: headerMailbox(input.from),
    to: headerMailbox(input.to),
    subject: subjectOf(input),
    date: new Date(input.date),
    messageId,
    headers: { 'Content-Language': headerLanguage(input.language), ...purposeHeaders(input.purpose) },
    text: input.text,
    html: input.html,
    baseBoundary: createHash('sha256').update(deliveryId).digest('hex').slice(0, 16),
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
  return { raw, envelope: { from: from.spec, to: to.spec }, messageId };
}

function purposeHeaders(purpose: MessagePurpose) {
  switch (purpose.kind) {
    case 'commercial':
      return listHeaders(purpose.list, purpose.unsubscribe);
    case 'confirmation':
      return { 'Auto-Submitted': 'auto-generated' };
    case 'operational':
      return {};
  }
}

function subjectOf({ subject }: MessageInput): string {
  if (subject.trim() === '') throw new MessageRefused('INVALID_SUBJECT', 'The subject is empty.');
  return headerText(subject, 'INVALID_SUBJECT', 'The subject');
}

function headerMailbox({ name = '', address }: Mailbox) {
  return { name: headerText(name, 'INVALID_NAME', 'A name'), address: readAddress(address).spec };
}

function headerLanguage(language: string): string {
  if (/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$/.test(language)) return language;
  throw new MessageRefused('UNKNOWN_LANGUAGE', 'The language is not a language tag such as "nl" or "en".');
}
