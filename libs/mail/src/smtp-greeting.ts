import SMTPConnection from 'nodemailer/lib/smtp-connection';
import SMTPPool from 'nodemailer/lib/smtp-pool';
import { reasonOf } from './smtp-outcome.js';
import { mailServerUrl, patience } from './smtp-url.js';

/** What a mail server said when it was greeted, and logged in to where the URL has a user. */
export interface SmtpGreeting {
  readonly isEncrypted: boolean;
  readonly isLoggedIn: boolean;
  /** The keywords of its last EHLO reply, in capitals: `SMTPUTF8`, `SIZE`, … */
  readonly extensions: readonly string[];
}

/** A mail server that could not be greeted or logged in to. `reason` is a code; the server's words, which may quote a user, are not kept. */
export class SmtpGreetingFailed extends Error {
  readonly code = 'SMTP_GREETING_FAILED';
  constructor(
    readonly at: 'connection' | 'log-in',
    readonly reason: string,
  ) {
    super(`The mail server cannot be used: the ${at} failed (${reason}).`);
  }
}

/**
 * Greets a mail server as the transport does (EHLO, STARTTLS where it is offered, its certificate checked, AUTH) and leaves.
 * Throws `SmtpGreetingFailed`, and `RangeError` for a URL that is not of a mail server.
 */
export async function greetMailServer(url: string): Promise<SmtpGreeting> {
  const { auth, ...options } = optionsOf(url);
  const connection = new SMTPConnection(options);
  try {
    await connect(connection);
    const extensions = extensionsIn(connection.lastServerResponse || '');
    if (auth) await logIn(connection, auth);
    return { isEncrypted: connection.secure, isLoggedIn: auth !== undefined, extensions };
  } finally {
    connection.close();
  }
}

/** Nodemailer reads a URL only where it makes a transport of it. */
function optionsOf(url: string): SMTPPool.Options {
  const pool = new SMTPPool({ ...patience, url: mailServerUrl(url) });
  pool.close();
  return pool.options;
}

function connect(connection: SMTPConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(new SmtpGreetingFailed('connection', reasonOf(error)));
    // Once it is settled, what goes wrong while the connection closes concerns nobody.
    connection.on('error', fail);
    connection.once('end', () => fail(undefined));
    connection.connect((error) => (error ? fail(error) : resolve()));
  });
}

function logIn(connection: SMTPConnection, auth: NonNullable<SMTPPool.Options['auth']>): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(new SmtpGreetingFailed('log-in', reasonOf(error)));
    connection.once('end', () => fail(undefined));
    connection.login(auth, (error) => (error ? fail(error) : resolve()));
  });
}

function extensionsIn(reply: string): string[] {
  return reply.split(/\r?\n/).flatMap((line) => /^250[ -]([A-Z0-9]+)/i.exec(line)?.[1]?.toUpperCase() ?? []);
}
