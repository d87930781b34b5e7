import { greetMailServer, SmtpGreetingFailed, type SmtpGreeting } from '@consent-ledger/mail';
import type { Configuration } from '@consent-ledger/platform';
import { doubtful, failed, passed, type MailFinding } from './finding.js';

const CHECK = 'mail server';
const SECURE_IT = 'Use smtps://, or smtp://…?requireTLS=true with a server that offers STARTTLS.';

/** Whether the mail server of the settings can be reached, encrypts, and lets the service in. No credentials are told. */
export async function checkTransport({ SMTP_URL, DATA_DIR }: Configuration): Promise<MailFinding> {
  if (!SMTP_URL)
    return doubtful(
      CHECK,
      `There is none: mails are written to ${DATA_DIR}/outbox and reach nobody.`,
      'Set SMTP_URL to your mail server: smtps://user:password@host:465.',
    );
  const { host, hostname } = new URL(SMTP_URL);
  try {
    return findingOf(await greetMailServer(SMTP_URL), host, hostname);
  } catch (error) {
    if (!(error instanceof SmtpGreetingFailed)) throw error;
    return failed(CHECK, `${host} cannot be used: the ${error.at} failed (${error.reason}).`, adviceOn(error));
  }
}

function findingOf({ isEncrypted, isLoggedIn }: SmtpGreeting, host: string, hostname: string): MailFinding {
  const access = isLoggedIn ? 'and lets the service log in' : 'and asks for no log-in';
  if (isEncrypted) return passed(CHECK, `${host} answers, encrypts, ${access}.`);
  if (isLoopback(hostname)) return passed(CHECK, `${host} answers ${access}, without encryption on this machine.`);
  if (isLoggedIn) return failed(CHECK, `${host} takes the password and every mail without encryption.`, SECURE_IT);
  return doubtful(CHECK, `${host} takes every mail without encryption.`, SECURE_IT);
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

function adviceOn({ at, reason }: SmtpGreetingFailed): string {
  if (at === 'log-in')
    return 'Look at the user and the password in SMTP_URL; write "@", ":", "/" and "%" as %40, %3A, %2F and %25.';
  if (reason === 'ECONNREFUSED') return 'Nothing listens there: look at the host and the port in SMTP_URL.';
  if (reason === 'ENOTFOUND' || reason === 'EDNS')
    return 'The host is not known in DNS: look at its spelling in SMTP_URL.';
  if (reason === 'ETIMEDOUT')
    return 'Nothing answers: a firewall may stop it. Many hosts block port 25; try 465 or 587.';
  if (/CERT|SIGNED|TLS|SSL|ISSUER|UNABLE_TO/.test(reason))
    return 'Its certificate or its encryption is not sound: use the name that the certificate is for, or have it renewed.';
  return 'Look in the log of the mail server for the reason.';
}
