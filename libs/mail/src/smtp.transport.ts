import { Readable } from 'node:stream';
import type MailMessage from 'nodemailer/lib/mailer/mail-message.js';
import MimeNode from 'nodemailer/lib/mime-node';
import SMTPPool from 'nodemailer/lib/smtp-pool';
import type { Envelope } from './compose-message.js';
import {
  MailTransportUnavailable,
  type MailTransport,
  type OutgoingMessage,
  type SendOutcome,
} from './mail-transport.js';
import { greetMailServer, SmtpGreetingFailed } from './smtp-greeting.js';
import { outcomeOf, reasonOf, replyCode } from './smtp-outcome.js';
import { mailServerUrl, patience } from './smtp-url.js';
import { createTurns } from './turns.js';

export interface SmtpOptions {
  /** `smtp:` or `smtps:` with host, port and credentials; a query sets nodemailer's options (`?socketTimeout=60000`). */
  readonly url: string;
  readonly maxConnections: number;
  /** A connection is closed after this many; servers end a session by themselves after some 100. */
  readonly maxMessagesPerConnection?: number;
}

/** Bytes. */
const PIECE = 16_384;

/**
 * A transport that hands messages to a mail server over pooled connections. Throws `RangeError` for a URL that is not of a
 * mail server; the message does not repeat it, for it may hold a password.
 */
export function createSmtpTransport(options: SmtpOptions): MailTransport {
  const { url, maxConnections, maxMessagesPerConnection = 100 } = options;
  const pool = new SMTPPool({
    ...patience,
    url: mailServerUrl(url),
    maxConnections,
    maxMessages: maxMessagesPerConnection,
    // Whoever asked for the message tries again, after a new verdict.
    maxRequeues: 0,
  });
  const turns = createTurns(maxConnections);
  let isClosing = false;
  const underWay = new Set<Promise<SendOutcome>>();
  const takesMailbox = createMailboxQuestion(url);

  /** RFC 6531 §3.1: a mailbox outside ASCII goes only to a server that says it can carry it, or it would be garbled. */
  const refusalOfMailbox = async (envelope: Envelope): Promise<SendOutcome | undefined> => {
    try {
      if (await takesMailbox(envelope)) return undefined;
      return { status: 'rejected', code: 'SMTPUTF8_NOT_OFFERED', at: 'recipient' };
    } catch (error) {
      return { status: 'deferred', code: error instanceof SmtpGreetingFailed ? error.reason : reasonOf(error) };
    }
  };

  const transmit = async (message: OutgoingMessage): Promise<SendOutcome> => {
    if (isClosing) return { status: 'deferred', code: 'CLOSED' };
    return (await refusalOfMailbox(message.envelope)) ?? hand(pool, message);
  };

  return {
    send(message) {
      const sending = turns(() => transmit(message)).finally(() => underWay.delete(sending));
      underWay.add(sending);
      return sending;
    },
    async verify() {
      try {
        await pool.verify();
      } catch (error) {
        throw new MailTransportUnavailable(reasonOf(error));
      }
    },
    async close() {
      isClosing = true;
      pool.close();
      await Promise.all(underWay);
    },
  };
}

/** Whether the server carries a mailbox; it is asked once it matters, and then no more. */
function createMailboxQuestion(url: string): (envelope: Envelope) => Promise<boolean> {
  let offersUtf8: boolean | undefined;
  return async ({ from, to }) => {
    if (/^[\x20-\x7e]*$/.test(`${from}${to}`)) return true;
    offersUtf8 ??= (await greetMailServer(url)).extensions.includes('SMTPUTF8');
    return offersUtf8;
  };
}

function hand(pool: SMTPPool, message: OutgoingMessage): Promise<SendOutcome> {
  const outgoing = new OutgoingMime(message);
  // The pool reads nothing of a mail but these two.
  const mail: unknown = { data: {}, message: outgoing };
  return new Promise((resolve) => {
    pool.send(mail as MailMessage<SMTPPool.SentMessageInfo>, (error, info) => {
      if (error || !info) resolve(outcomeOf({ error, transmitted: outgoing.transmitted }));
      else resolve({ status: 'sent', response: replyCode(info.response) ?? '250' });
    });
  });
}

/**
 * A message whose bytes are there already. Nodemailer's errors do not tell a connection that was lost before the message
 * from one lost after it; the stream that the connection read from does.
 */
class OutgoingMime extends MimeNode {
  private body: Readable | undefined;

  constructor(private readonly outgoing: OutgoingMessage) {
    super('message/rfc822');
  }

  /** Whether the connection read the message to its end. */
  get transmitted(): boolean {
    return this.body?.readableEnded ?? false;
  }

  override getEnvelope() {
    return { from: this.outgoing.envelope.from, to: [this.outgoing.envelope.to] };
  }

  override messageId(): string {
    return `<${this.outgoing.deliveryId}>`;
  }

  override createReadStream(): Readable {
    return (this.body = Readable.from(pieces(this.outgoing.raw), { objectMode: false }));
  }
}

/** In pieces, so that the stream ends only when the connection has taken nearly all of a long message. */
function* pieces(raw: Buffer): Generator<Buffer> {
  for (let start = 0; start < raw.length; start += PIECE) yield raw.subarray(start, start + PIECE);
}
