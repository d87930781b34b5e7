import { marksIn } from '../return-path.js';
import { fieldsOf, readBlocks, readHeader, type Fields } from './fields.js';
import { tokensIn } from './link-tokens.js';
import { partOf, type Mail } from './mail.js';

/** A report that a person called a message spam, with what in it may name the message. */
export interface FeedbackReport {
  /** `abuse`, `not-spam`, … in lower case (RFC 5965 §7.3). */
  readonly type: string;
  /** Marks of return paths, unchecked. */
  readonly marks: readonly string[];
  /** Links of the returned message, unchecked. */
  readonly tokens: readonly string[];
}

const COMPLAINTS = ['abuse', 'fraud', 'opt-out', 'opt-out-list'];

/** Whether the report is a person's complaint; a virus scanner, a DMARC filter and "not spam" are none. */
export function isComplaint({ type }: FeedbackReport): boolean {
  return COMPLAINTS.includes(type);
}

/** The feedback report in a message (RFC 5965), also in Microsoft's form, which has no part for it. */
export function readFeedbackReport(mail: Mail): FeedbackReport | undefined {
  const part = partOf(mail, 'message/feedback-report');
  const returned = partOf(mail, 'message/rfc822', 'text/rfc822-headers', 'message/global', 'message/global-headers');
  if (!part && !(returned && isMicrosofts(mail))) return undefined;
  const fields = part ? (readBlocks(part.content)[0] ?? fieldsOf([])) : fieldsOf(['Feedback-Type: abuse']);
  const header = returned ? readHeader(returned.content) : fieldsOf([]);
  return {
    type: (fields.first('feedback-type') ?? '').toLowerCase(),
    marks: marksOf(fields, header),
    tokens: tokensIn(...header.all('list-unsubscribe')),
  };
}

function isMicrosofts({ header, subject }: Mail): boolean {
  return /^complaint about message from /i.test(subject) && /@hotmail\.com/i.test(header.first('from') ?? '');
}

/** Providers black out the recipient; the sender of the envelope stays, for it is ours. */
function marksOf(fields: Fields, header: Fields): string[] {
  return [...fields.all('original-mail-from'), ...header.all('return-path', 'x-original-return-path', 'received')]
    .flatMap(marksIn)
    .slice(0, 8);
}
