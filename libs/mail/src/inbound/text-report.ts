import type { Mail } from './mail.js';
import { statusFrom } from './status-code.js';

/** What a report says of a delivery: given up, still being tried, or done. */
export interface DeliveryReport {
  readonly action: 'failed' | 'delayed' | 'delivered';
  /** RFC 3463; absent where the report has no code, and no words that stand for one. */
  readonly status?: string;
}

/** The lines at which the returned message begins: what stands after them is not the server's. */
const RETURNED = [
  /^ *-{2,}[^-].*(copy of (the|your) message|original message|message header|returned message|message text follows|below this line)/i,
  /below is a copy of the original message|original message follows|original message headers?:|returned mail follows/i,
];
/** Long enough for such a line, short enough that none can keep an expression busy. */
const MAX_LINE = 200;
/** RFC 5322 §2.1.1. */
const MAX_SUBJECT = 998;

/** What qmail, Exim, OpenSMTPD, old Gmail and their kin begin with. */
const OPENINGS = [
  /^hi\. this is the .{0,200}(qmail|program|deliver)/im,
  /this message was created automatically by mail delivery software/i,
  /this is the mailer-daemon, please do not reply/i,
  /delivery to the following recipients? (has been |have been )?(failed|delayed)/i,
  /(could not|couldn't|cannot|can't|unable to) (be )?deliver/i,
  /(delivery|message|mail) (has )?failed/i,
  /undeliver(ed|able)/i,
];
const REPORT_SUBJECT =
  /deliver(y|ed|ing)?\b.*\b(fail|status|problem|delay|error|unsuccessful)|undeliver|returned mail|return(ing)? to sender|failure notice|mail failure|non-?delivery|could not be delivered/i;
const DELAYED =
  /will (be )?(re-?tr|keep trying|continue to try)|still be(ing)? (re)?tried|not (yet )?been delivered|temporary (failure|problem|error)|do not need to resend|no action is required|\bdelay(ed)?\b/i;
const DAEMON = /\b(mailer-?daemon|post-?master|mail-?daemon|mail delivery (sub)?system)\b/i;

/**
 * The report in a message that holds no status part: Exim's and old Gmail's with `X-Failed-Recipients`, or one that a mail
 * system signs, and that begins as they do. `undefined` for any other message: someone who is away is no failure.
 */
export function readTextReport({ header, subject: whole, text }: Mail): DeliveryReport | undefined {
  const subject = whole.slice(0, MAX_SUBJECT);
  const words = beforeReturned(text);
  const isSigned = header.first('x-failed-recipients') !== undefined || DAEMON.test(header.first('from') ?? '');
  if (!isSigned || !(REPORT_SUBJECT.test(subject) || OPENINGS.some((opening) => opening.test(words)))) return undefined;
  const isDelayed = DELAYED.test(subject) || (DELAYED.test(words) && !/permanent|given up|giving up/i.test(words));
  const status = statusFrom(undefined, words);
  return { action: isDelayed ? 'delayed' : 'failed', ...(status !== undefined && { status }) };
}

function beforeReturned(text: string): string {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => RETURNED.some((returned) => returned.test(line.slice(0, MAX_LINE))));
  return lines.slice(0, end < 0 ? lines.length : end).join('\n');
}
