import { createHash } from 'node:crypto';
import type { Instant } from '@consent-ledger/consent';
import { stoppedBy, type Links, type ReturnPaths } from '@consent-ledger/links';
import { marksIn } from '../return-path.js';
import { isAutomatic, isCalledAutomatic, isOrdered, looksAutomatic } from './automatic.js';
import { readDeliveryReport, type DeliveryReport } from './delivery-report.js';
import { isComplaint, readFeedbackReport, type FeedbackReport } from './feedback-report.js';
import { tokensIn } from './link-tokens.js';
import { readMail, type Mail } from './mail.js';

/** Who handed a message over and for whom, as SMTP said it; what the door does not know is absent. */
export interface InboundEnvelope {
  /** Empty for a message that nobody may answer. */
  readonly from?: string;
  readonly to?: readonly string[];
}

/** Why a message was left for a person. */
export type Unread =
  | 'unreadable'
  | 'no-token'
  | 'damaged-token'
  | 'automatic-opt-out'
  | 'maybe-automatic'
  | 'unsigned-bounce'
  | 'unsigned-complaint'
  | 'other-feedback';

/** What a message that came in says. Whom it is about was signed here; what it says of them is the sender's word. */
export type InboundReading =
  | {
      readonly kind: 'opt-out';
      readonly contactId: string;
      readonly purposes: readonly string[] | 'all';
      readonly mailing?: string;
    }
  | {
      readonly kind: 'bounce';
      readonly deliveryId: string;
      readonly action: 'failed' | 'delayed';
      /** RFC 3463. */
      readonly status?: string;
      readonly reportedAt?: Instant;
    }
  | {
      readonly kind: 'complaint';
      /** By its return path, or by the link that it bore. */
      readonly about: { readonly deliveryId: string } | { readonly contactId: string; readonly mailing?: string };
      readonly reportedAt?: Instant;
    }
  | { readonly kind: 'automatic-reply' }
  | { readonly kind: 'other'; readonly why: Unread };

export interface InboundMail {
  /** The same for a message that is handed over again, by whatever way it came: the SHA-256 in hex. */
  readonly id: string;
  /** Whether that id is the writer's own. Else it is made of the bytes, and two messages that say the same are told apart by nothing. */
  readonly isNamed: boolean;
  readonly reading: InboundReading;
}

/** What tells our own marks and links from made-up ones. */
export interface InboundTrust {
  readonly links: Pick<Links, 'verify'>;
  readonly returnPaths: Pick<ReturnPaths, 'deliveryOf'>;
}

/**
 * Reads a raw message (RFC 5322) that came in: a complaint (RFC 5965), a bounce (RFC 3464, or in a server's words), an
 * automatic reply (RFC 3834), an opt-out by its link in the subject (RFC 6068), or none of them. In this order: a report is
 * automatic too, and what a program wrote opts nobody out. Never throws, whatever the message holds.
 */
export async function readInbound(
  raw: Buffer,
  envelope: InboundEnvelope,
  trust: InboundTrust,
  now: Instant,
): Promise<InboundMail> {
  const mail = await readMail(raw);
  if (!mail) return { id: sha256(raw), isNamed: false, reading: other('unreadable') };
  const named = nameOf(mail);
  return { id: named ?? sha256(raw), isNamed: named !== undefined, reading: await judge(mail, envelope, trust, now) };
}

async function judge(
  mail: Mail,
  envelope: InboundEnvelope,
  trust: InboundTrust,
  now: Instant,
): Promise<InboundReading> {
  const feedback = readFeedbackReport(mail);
  if (feedback) return judgeFeedback(feedback, mail, trust, now);
  const report = readDeliveryReport(mail);
  if (report) return judgeReport(report, mail, envelope, trust);
  const optOut = await judgeOptOut(mail, trust, now);
  if (isOrdered(mail)) return optOut;
  const isProgrammed = isAutomatic(mail, envelope.from);
  // What a program sent with a link of ours in the subject may still be a person's wish: a person looks.
  if (optOut.kind === 'opt-out') return isProgrammed || isCalledAutomatic(mail) ? other('automatic-opt-out') : optOut;
  if (isProgrammed) return { kind: 'automatic-reply' };
  return looksAutomatic(mail) ? other('maybe-automatic') : optOut;
}

/** Anybody can write a complaint, but only who got the message has its link; and all that it can do is end mail. */
async function judgeFeedback(
  report: FeedbackReport,
  mail: Mail,
  { links, returnPaths }: InboundTrust,
  now: Instant,
): Promise<InboundReading> {
  if (!isComplaint(report)) return other('other-feedback');
  for (const mark of report.marks) {
    const deliveryId = returnPaths.deliveryOf(mark);
    if (deliveryId !== undefined) return { kind: 'complaint', about: { deliveryId }, ...dateOf(mail) };
  }
  for (const token of report.tokens) {
    const link = await links.verify('unsubscribe', token, now);
    if (!link.ok) continue;
    const { contactId, mailing } = link.claims;
    return { kind: 'complaint', about: { contactId, ...(mailing !== undefined && { mailing }) }, ...dateOf(mail) };
  }
  return other('unsigned-complaint');
}

function judgeReport(
  { action, status }: DeliveryReport,
  mail: Mail,
  envelope: InboundEnvelope,
  { returnPaths }: InboundTrust,
): InboundReading {
  const deliveryId = marksOf(mail, envelope).flatMap((mark) => returnPaths.deliveryOf(mark) ?? [])[0];
  if (action === 'delivered') return { kind: 'automatic-reply' };
  if (deliveryId === undefined) return other('unsigned-bounce');
  return { kind: 'bounce', deliveryId, action, ...(status !== undefined && { status }), ...dateOf(mail) };
}

/** Whom SMTP named goes before what the header says; either was signed here or counts for nothing. */
function marksOf({ header }: Mail, { to = [] }: InboundEnvelope): string[] {
  const written = header.all('delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to', 'to');
  return [...to, ...written].flatMap(marksIn).slice(0, 8);
}

async function judgeOptOut({ header, subject }: Mail, { links }: InboundTrust, now: Instant): Promise<InboundReading> {
  const tokens = tokensIn(subject, ...header.all('subject').slice(0, 1));
  for (const token of tokens) {
    const link = await links.verify('unsubscribe', token, now);
    if (!link.ok) continue;
    const { contactId, mailing } = link.claims;
    return {
      kind: 'opt-out',
      contactId,
      purposes: stoppedBy(link.claims),
      ...(mailing !== undefined && { mailing }),
    };
  }
  return other(tokens.length > 0 ? 'damaged-token' : 'no-token');
}

function other(why: Unread): InboundReading {
  return { kind: 'other', why };
}

const MAX_DATE = 100;

/** When the report was written. The parser would say "now" for a date that it cannot read. */
function dateOf({ header }: Mail): { readonly reportedAt?: Instant } {
  const reportedAt = Date.parse((header.first('date') ?? '').slice(0, MAX_DATE).replace(/\([^)]*\)/g, ''));
  return Number.isNaN(reportedAt) ? {} : { reportedAt };
}

/** Two servers that take the same message put other traces before it; its id and date are the writer's. */
function nameOf({ header }: Mail): string | undefined {
  const [messageId, date] = [header.first('message-id'), header.first('date')];
  if (messageId === undefined || date === undefined) return undefined;
  return sha256(JSON.stringify([messageId, date, header.first('subject') ?? '']));
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
