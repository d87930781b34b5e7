/** Milliseconds that a mail server may be silent; the query of the URL may say otherwise. */
export const patience = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 60_000 };

/**
 * The URL as nodemailer may have it: its log would hold addresses, and its own retries would outlive a verdict, so a URL
 * turns neither on. Throws `RangeError` for a URL that is not of a mail server; the message does not repeat it, for it may
 * hold a password.
 */
export function mailServerUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'smtp:' && parsed?.protocol !== 'smtps:')
    throw new RangeError('The URL of the mail server must be of the form smtp://user:password@host:port.');
  for (const name of ['logger', 'debug', 'transactionLog', 'maxRequeues']) parsed.searchParams.delete(name);
  return parsed.href;
}
