import { createOutboxTransport, createSmtpTransport, type MailTransport } from '@consent-ledger/mail';
import { dataFiles, type Configuration } from '@consent-ledger/platform';

/** Where mail is handed over: to `SMTP_URL`, or without it as `.eml` files in `DATA_DIR/outbox`. */
export function openTransport({ SMTP_URL, DATA_DIR, MAIL_CONCURRENCY }: Configuration): MailTransport {
  if (!SMTP_URL) return createOutboxTransport({ directory: dataFiles(DATA_DIR).outbox });
  return createSmtpTransport({ url: SMTP_URL, maxConnections: MAIL_CONCURRENCY });
}
