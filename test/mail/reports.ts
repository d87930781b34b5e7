import type { MailServer } from './mail-server.js';

/** A message as its recipient's side has it: what it was, and the address that its failure goes back to. */
export interface SentMail {
  readonly raw: string;
  readonly returnPath: string;
  /** The value of List-Unsubscribe, unfolded. */
  readonly listUnsubscribe: string;
  /** The token of its way out. */
  readonly token: string;
}

/** The last message that a server took. */
export function lastSent({ received, senders }: MailServer): SentMail {
  const raw = received.at(-1)!.toString('latin1');
  const [, listUnsubscribe = ''] = /^List-Unsubscribe: ((?:.|\r\n )*)/m.exec(raw) ?? [];
  const [, token = ''] = /subject=([\w.-]+)>/.exec(listUnsubscribe.replace(/\r\n /g, '')) ?? [];
  return { raw, returnPath: senders.at(-1)!, listUnsubscribe, token };
}

/** A delivery report as Postfix writes it (RFC 3464), about a message and to where it came from. */
export function deliveryReport(
  { raw, returnPath }: Pick<SentMail, 'raw' | 'returnPath'>,
  { action = 'failed', status = '5.1.1', diagnostic = '550 5.1.1 No such user here', date = new Date() } = {},
): string {
  return lines(
    'From: MAILER-DAEMON@mx.recipient.example (Mail Delivery System)',
    `To: ${returnPath}`,
    `Date: ${date.toUTCString()}`,
    `Message-Id: <${crypto.randomUUID()}@mx.recipient.example>`,
    'Subject: Undelivered Mail Returned to Sender',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="report"',
    '',
    '--report',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'This is the mail system at host mx.recipient.example.',
    '',
    '--report',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.recipient.example',
    '',
    'Final-Recipient: rfc822; somebody@recipient.example',
    `Action: ${action}`,
    `Status: ${status}`,
    `Diagnostic-Code: smtp; ${diagnostic}`,
    '',
    '--report',
    'Content-Type: text/rfc822-headers',
    '',
    raw.slice(0, raw.indexOf('\r\n\r\n')),
    '',
    '--report--',
  );
}

/** A feedback report (RFC 5965) that quotes this header, from a provider that blacks out the recipient. */
export function feedbackReport(returned: string, { type = 'abuse', date = new Date() } = {}): string {
  return lines(
    'From: feedback@arf.provider.example',
    'To: bounces@mail.example.nl',
    `Date: ${date.toUTCString()}`,
    `Message-Id: <${crypto.randomUUID()}@arf.provider.example>`,
    'Subject: FW: Lente',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=feedback-report; boundary="report"',
    '',
    '--report',
    'Content-Type: text/plain',
    '',
    'This is an email abuse report.',
    '',
    '--report',
    'Content-Type: message/feedback-report',
    '',
    `Feedback-Type: ${type}`,
    'User-Agent: Provider-Feedback/1.0',
    'Version: 1',
    'Original-Rcpt-To: redacted@provider.example',
    '',
    '--report',
    'Content-Type: message/rfc822',
    '',
    returned,
    '',
    '--report--',
  );
}

/** A mail that somebody's program sends after a touch on "unsubscribe". */
export function optOutMail(subject: string, ...more: readonly string[]): string {
  return lines(
    'From: somebody@recipient.example',
    'To: stop@mail.example.nl',
    `Date: ${new Date().toUTCString()}`,
    `Message-Id: <${crypto.randomUUID()}@recipient.example>`,
    `Subject: ${subject}`,
    ...more,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'This mail was sent to unsubscribe.',
  );
}

function lines(...text: readonly string[]): string {
  return `${text.join('\r\n')}\r\n`;
}
