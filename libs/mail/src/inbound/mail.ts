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
const MAX_HEADER_BYTES = 128 * 1024;

/** Takes a raw message apart; `undefined` where it is none, or has more parts or a longer header than any real one. */
export async function readMail(raw: Buffer): Promise<Mail | undefined> {
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

/** The first part of one of these types. */
export function partOf({ parts }: Mail, ...types: readonly string[]): MailPart | undefined {
  return parts.find(({ type }) => types.includes(type));
}
