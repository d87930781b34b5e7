import { createHash } from 'node:crypto';
import type { Instant } from '@consent-ledger/consent';
import MailComposer from 'nodemailer/lib/mail-composer';
import { checkDeliveryId } from './delivery-id.js';
import type { MessageSigner } from './dkim-signature.js';
import { feedbackId } from './feedback-id.js';
import { listHeaders, type MailingList, type Unsubscribe } from './list-headers.js';
import { headerText, readAddress, type Mailbox } from './mailbox.js';
import { MessageRefused } from './message-refused.js';

export type { MailingList, Unsubscribe } from './list-headers.js';
export type { Mailbox } from './mailbox.js';

/** What a message is for: it decides the headers. A confirmation is the mail of a double opt-in, a preference link what a person asked for on its page. */
export type MessagePurpose =
  | {
      readonly kind: 'commercial';
      readonly list: MailingList;
      readonly unsubscribe: Unsubscribe;
      /** The mailing, by which providers count complaints; letters, digits, `.`, `_` and `-`. */
      readonly campaign: string;
      /** No person chose the moment: the service sends it of itself. */
      readonly isAutomatic?: true;
    }
  | { readonly kind: 'operational' }
  | { readonly kind: 'confirmation' }
  | { readonly kind: 'preference-link' };

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

/** Nobody's automatic reply is wanted to it. */
const AUTOMATIC = { 'Auto-Submitted': 'auto-generated' } as const;

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
 * Composes a message of HTML and plain text, and has it signed by `sign`. The same input gives the same bytes, so that a
 * message that is composed again after a crash is the same message. Commercial mail bears `List-Id`, `List-Unsubscribe` and
 * `List-Unsubscribe-Post` (RFC 8058), other mail none of them; what the service sends of itself says that it is
 * `Auto-Submitted` (RFC 3834 §5). All is ASCII but a mailbox that is not (RFC 6532). Throws `MessageRefused`:
 * `INVALID_SUBJECT`, `INVALID_NAME`, `INVALID_ADDRESS`, `INVALID_DELIVERY_ID`, `INVALID_LIST`, `INSECURE_UNSUBSCRIBE_URL`,
 * `LINE_TOO_LONG`.
 */
export async function composeMessage(input: MessageInput, sign?: MessageSigner): Promise<ComposedMessage> {
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
    headers: {
      'Content-Language': headerLanguage(input.language),
      ...purposeHeaders(input.purpose),
      'Feedback-ID': feedbackOf(input.purpose, from.domain),
    },
    text: withPlainBreaks(input.text),
    html: withPlainBreaks(input.html),
    textEncoding: 'quoted-printable',
    baseBoundary: createHash('sha256').update(deliveryId).digest('hex').slice(0, 16),
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
  refuseLongLines(raw);
  const signed = sign ? await sign(raw) : raw;
  return { raw: signed, envelope: { from: from.spec, to: to.spec }, messageId };
}

function purposeHeaders(purpose: MessagePurpose) {
  switch (purpose.kind) {
    case 'commercial':
      return { ...listHeaders(purpose.list, purpose.unsubscribe), ...(purpose.isAutomatic && AUTOMATIC) };
    case 'confirmation':
    case 'preference-link':
      return AUTOMATIC;
    case 'operational':
      return {};
  }
}

function feedbackOf(purpose: MessagePurpose, domain: string): string {
  const { kind } = purpose;
  if (kind !== 'commercial') return feedbackId({ kind, domain });
  return feedbackId({ campaign: purpose.campaign, purpose: purpose.list.purpose, kind, domain });
}

/** A lone carriage return is no line end, and no mail server takes one. */
function withPlainBreaks(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

/** A word cannot be folded (RFC 5322 §2.1.1): mail servers cut a longer line, and with it the signature. */
function refuseLongLines(raw: Buffer): void {
  if (/[^\r\n]{999}/.test(raw.toString('latin1')))
    throw new MessageRefused(
      'LINE_TOO_LONG',
      'A header line is longer than 998 characters: shorten the longest word of the subject, a name or a link.',
    );
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
