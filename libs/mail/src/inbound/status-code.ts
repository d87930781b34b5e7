import { marksIn } from '../return-path.js';

/** RFC 3463: an enhanced status code; four numbers with dots are an IP address. */
const ENHANCED = /(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])/;
/** RFC 5321 §4.2: the reply code that a server's words begin with. */
const REPLY = /(?<![\d.])([45]\d\d)(?=[ -]|$)/;

/** What servers without enhanced codes say of a mailbox that is not there. */
const NO_SUCH_MAILBOX = new RegExp(
  [
    String.raw`(user|recipient|mailbox|account|address|person)( name)? (is )?(unknown|not found|not known)`,
    String.raw`(unknown|no such|invalid|non-?existent) (local )?(user|recipient|mailbox|account|address|person|alias)`,
    String.raw`(user|recipient|mailbox|account|address)\b.{0,80}?\b(does not|doesn'?t|did not) exist`,
    String.raw`(address|user|recipient) (couldn't|could not|wasn't|was not) (be )?found`,
    String.raw`no mailbox (here )?(by|with) that name`,
    String.raw`not our customer`,
  ].join('|'),
  'i',
);
const MAILBOX_FULL = /(mailbox|quota|inbox|storage)\b.{0,40}\b(full|exceed)|over ?quota|quota exceeded/i;

/** What servers say of whoever sent the message, in the words that they have for a recipient: Exim calls back, others look the sender up. */
const OF_SENDER =
  /\bsender (verif|address|domain|unknown|rejected|denied|not found)|(?<!recipient |recipient address )\bverif\w+ failed for\b|\bcall-?out\b|\breturn-?path\b|MAIL FROM:/i;
/** Without a code that says more, less than that is enough to know nothing of the recipient. */
const PERHAPS_OF_SENDER =
  /(?<!\bto (the )?)\bsender\b|\bfrom address\b|\bauthenticat|\bnot (allowed|permitted|authori[sz]ed)\b|\breject.{0,80}\bfrom\b/i;
/** RFC 3463 §3.2, §3.3: the address or the mailbox of the recipient. */
const OF_RECIPIENT = /^[245]\.(1\.(?!7$|8$)|2\.)/;

const MAX_DIAGNOSTIC = 4096;

/** The enhanced status code in a server's words, wherever it stands. */
export function enhancedCodeIn(text: string): string | undefined {
  return ENHANCED.exec(text.slice(0, MAX_DIAGNOSTIC))?.[1];
}

/**
 * The status (RFC 3463) of a delivery that failed, out of the status that was reported and of the words of the server. The
 * server's own code goes before one that a relay made of it. Where neither says more than that it failed, the words decide
 * whether the mailbox was missing (5.1.1) or full (5.2.2). Words about the sender's address say nothing of the recipient (P1).
 */
export function statusFrom(reported: string | undefined, diagnostic: string): string | undefined {
  const words = diagnostic.slice(0, MAX_DIAGNOSTIC);
  const status = reported === undefined ? undefined : enhancedCodeIn(reported);
  const said = enhancedCodeIn(words);
  if (isOfSender(words)) return [said, status].find((code) => code && !OF_RECIPIENT.test(code)) ?? replyClass(words);
  const specific = [said, status].find((code) => code !== undefined && !isVague(code));
  if (specific !== undefined) return specific;
  const inWords = PERHAPS_OF_SENDER.test(words) ? undefined : statusInWords(words);
  return inWords ?? said ?? status ?? replyClass(words);
}

/** Whether the server speaks of whoever sent the message: in so many words, or because it names no address but our return path. */
function isOfSender(words: string): boolean {
  const named = words.match(/[^\s<>"]{1,128}@[^\s<>"]{1,255}/g) ?? [];
  return OF_SENDER.test(words) || (named.length > 0 && named.every((address) => marksIn(address).length > 0));
}

/** A code that says that it failed, or that it was about the address, and not how. */
function isVague(code: string): boolean {
  return /^[245]\.0\.|^[245]\.1\.0$/.test(code);
}

function statusInWords(words: string): string | undefined {
  if (MAILBOX_FULL.test(words)) return '5.2.2';
  return NO_SUCH_MAILBOX.test(words) && !REPLY.exec(words)?.[1]?.startsWith('4') ? '5.1.1' : undefined;
}

function replyClass(words: string): string | undefined {
  const [, reply] = REPLY.exec(words) ?? [];
  return reply === undefined ? undefined : `${reply[0]!}.0.0`;
}
