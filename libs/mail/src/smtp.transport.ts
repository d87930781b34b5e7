import { Readable } from 'node:stream';
import type MailMessage from 'nodemailer/lib/mailer/mail-message.js';
import MimeNode from 'nodemailer/lib/mime-node';
import SMTPPool from 'nodemailer/lib/smtp-pool';
import {
  MailTransportUnavailable,
  type MailTransport,
  type OutgoingMessage,
  type SendOutcome,
} from './mail-transport.js';
import { outcomeOf, reasonOf, replyCode } from './smtp-outcome.js';
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

/** Milliseconds that a mail server may be silent; the query of the URL may say otherwise. */
const patience = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 60_000 };

/**
 * A transport that hands messages to a mail server over pooled connections. Throws `RangeError` for a URL that is not of a
 * mail server; the message does not repeat it, for it may hold a password.
 */
export function createSmtpTransport(options: SmtpOptions): MailTransport {
  const { url, maxConnections, maxMessagesPerConnection = 100 } = options;
  const pool = new SMTPPool({
    ...patience,
    url: poolUrl(url),
    maxConnections,
    maxMessages: maxMessagesPerConnection,
    // Whoever asked for the message tries again, after a new verdict.
    maxRequeues: 0,
  });
  const turns = createTurns(maxConnections);
  let isClosing = false;
  const underWay = new Set<Promise<SendOutcome>>();

  const transmit = async (message: OutgoingMessage): Promise<SendOutcome> => {
    if (isClosing) return { status: 'deferred', code: 'CLOSED' };
    return hand(pool, message);
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

/** Nodemailer's log would hold addresses, and its own retries would outlive a verdict: a URL turns neither on. */
function poolUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'smtp:' && parsed?.protocol !== 'smtps:')
    throw new RangeError('The URL of the mail server must be of the form smtp://user:password@host:port.');
  for (const name of ['logger', 'debug', 'transactionLog', 'maxRequeues']) parsed.searchParams.delete(name);
  return parsed.href;
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
