import { simpleParser } from 'mailparser';
import { fieldsOf, type Fields } from './fields.js';

/** A message that came in, as far as it is judged: its header, its plain text, and the parts that machines write. */
export interface Mail {
  readonly header: Fields;
  /** Decoded (RFC 2047). */
  readonly subject: string;
  /** The plain text, bounded. */
  readonly text: string;
  /** The parts that are no text, with their types in lower case; a message in the message is one of them. */
  readonly parts: readonly MailPart[];
}

export interface MailPart {
  readonly type: string;
  readonly content: string;
}

/** A report says what it has to say in its first lines. */
const MAX_TEXT = 64 * 1024;
const MAX_PART = 256 * 1024;
const MAX_PARTS = 100;
const MAX_HEADER_BYTES = 64 * 1024;

/** The fields that the parser takes apart, in the message and in each part of it, whether we read them or not. */
const LISTS =
  /^(?:from|to|cc|bcc|sender|reply-to|delivered-to|return-path|disposition-notification-to|list-[\w-]+|content-(?:type|disposition)|dkim-signature)[ \t]*:.*(?:\r?\n[ \t].*)*/gim;
/** Commas and semicolons in them all: what stands between two of them costs the parser microseconds, however short it is. */
const MAX_LISTED = 2000;

/** Takes a raw message apart; `undefined` where it is none, or has more parts or longer fields than any real one. */
export async function readMail(raw: Buffer): Promise<Mail | undefined> {
  if (listedIn(raw) > MAX_LISTED) return undefined;
  try {
    const {
      headerLines,
      subject = '',
      text = '',
      attachments,
    } = await simpleParser(raw, {
      skipHtmlToText: true,
      skipTextToHtml: true,
      skipTextLinks: true,
      skipImageLinks: true,
      keepCidLinks: true,
      keepDeliveryStatus: true,
      ignoreEmbedded: true,
      checksumAlgo: false,
      maxHeadSize: MAX_HEADER_BYTES,
      maxChildNodes: MAX_PARTS,
    });
    return {
      header: fieldsOf(headerLines.map(({ line }) => line)),
      subject,
      text: text.slice(0, MAX_TEXT),
      parts: attachments.map(({ contentType, content }) => ({
        type: contentType.toLowerCase(),
        // Reports are ASCII; what is not stays one character an octet, and cannot fail to decode.
        content: content.subarray(0, MAX_PART).toString('latin1'),
      })),
    };
  } catch {
    // The parser refuses what it cannot read, and its words quote the message.
    return undefined;
  }
}

function listedIn(raw: Buffer): number {
  let listed = 0;
  for (const [list] of raw.toString('latin1').matchAll(LISTS)) listed += list.match(/[,;]/g)?.length ?? 0;
  return listed;
}

/** The first part of one of these types. */
export function partOf({ parts }: Mail, ...types: readonly string[]): MailPart | undefined {
  return parts.find(({ type }) => types.includes(type));
}
