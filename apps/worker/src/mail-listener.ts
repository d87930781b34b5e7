import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { InboundEnvelope } from '@consent-ledger/application';
import { MAX_INBOUND_BYTES } from '@consent-ledger/mail';
import { networkOf, type Clock, type Logger } from '@consent-ledger/platform';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { createClientAllowances } from './allowance.js';

export interface MailListenerOptions {
  readonly port: number;
  readonly host: string;
  /** The name that it greets with. */
  readonly name: string;
  /** The certificate and its key (PEM); without them there is no STARTTLS. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** The most messages a second of one client; all together may send four times as many. */
  readonly rate: number;
  /** Whether an address is one that mail is taken for. */
  isOurs(address: string): boolean;
  /** Resolves once what the message says is durable, or the message is kept. */
  receive(raw: Buffer, envelope: InboundEnvelope): Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_CONNECTIONS = 100;
/** Enough for a mail server that passes on all that comes; four more of its kind find a place beside it. */
const MAX_CONNECTIONS_OF_ONE = 20;
const CLIENTS_AT_FULL_RATE = 4;
const MAX_RECIPIENTS = 10;
/** Milliseconds without a word from the other side. */
const MAX_SILENCE = 30_000;
/** Milliseconds of a connection in all: one that sends a byte at a time holds its place no longer. */
const MAX_CONNECTION = 5 * 60_000;
/** Milliseconds that a stop waits for the other side to leave. */
const MAX_GOODBYE = 2_000;

/** A reply that refuses (RFC 5321 §4.2, RFC 3463). */
class Refusal extends Error {
  constructor(
    readonly responseCode: number,
    words: string,
  ) {
    super(words);
  }
}

/**
 * Takes mail by SMTP for the service's own addresses, and relays none. A message is taken over (250) once what it says is
 * durable; until then its sender keeps it, and tries again after a 451.
 */
export class MailListener {
  private readonly server: SMTPServer;
  private readonly inHand = new Set<Promise<void>>();
  private readonly connections = new Map<string, number>();

  constructor(private readonly options: MailListenerOptions) {
    const { tls, name, clock, rate, isOurs } = options;
    const allowances = createClientAllowances(rate, rate * CLIENTS_AT_FULL_RATE, clock);
    this.server = new SMTPServer({
      ...tls,
      name,
      banner: 'consent-ledger',
      logger: false,
      size: MAX_INBOUND_BYTES,
      rejectOversized: true,
      maxClients: MAX_CONNECTIONS,
      maxRecipients: MAX_RECIPIENTS,
      socketTimeout: MAX_SILENCE,
      closeTimeout: MAX_GOODBYE,
      disabledCommands: tls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      onConnect: ({ remoteAddress }, done) => {
        const isTooMany = (this.connections.get(networkOf(remoteAddress)) ?? 0) > MAX_CONNECTIONS_OF_ONE;
        done(isTooMany ? new Refusal(421, '4.7.0 Too many connections of yours, try again later') : undefined);
      },
      // What is not for us costs nobody his place: only a message to an address of ours is counted, once.
      onRcptTo({ address }, { remoteAddress, envelope }, done) {
        if (!isOurs(address)) return done(new Refusal(550, '5.1.1 No mail is taken for this address here'));
        const mayPass = envelope.rcptTo.length > 0 || allowances.take(networkOf(remoteAddress));
        done(mayPass ? undefined : new Refusal(451, '4.7.0 Too much at once, try again later'));
      },
      onData: (stream, session, done) => {
        const taken = this.take(stream, session).then(
          () => done(null, '2.0.0 Taken'),
          (error: Error) => done(error),
        );
        this.inHand.add(taken);
        void taken.finally(() => this.inHand.delete(taken));
      },
    });
    // A connection that fails is the other side's loss: it tries again.
    this.server.on('error', () => undefined);
    this.server.server.prependListener('connection', (socket: Socket) => {
      this.count(socket);
      const deadline = setTimeout(() => socket.destroy(), MAX_CONNECTION);
      socket.once('close', () => clearTimeout(deadline));
    });
  }

  /** Rejects when the port cannot be listened on. */
  async start(): Promise<void> {
    const { port, host } = this.options;
    this.server.listen(port, host);
    await once(this.server.server, 'listening');
    this.options.logger.info('Taking mail', { port });
  }

  /** Takes no more connections, finishes the messages in hand and resolves then. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(resolve));
    await Promise.all(this.inHand);
    await closed;
  }

  private count(socket: Socket): void {
    const client = networkOf(socket.remoteAddress ?? '');
    this.connections.set(client, (this.connections.get(client) ?? 0) + 1);
    socket.once('close', () => {
      const left = this.connections.get(client)! - 1;
      if (left > 0) this.connections.set(client, left);
      else this.connections.delete(client);
    });
  }

  private async take(stream: SMTPServerDataStream, { envelope }: SMTPServerSession): Promise<void> {
    const raw = await bytesOf(stream);
    if (!raw) return;
    const { mailFrom, rcptTo } = envelope;
    try {
      await this.options.receive(raw, {
        ...(mailFrom && { from: mailFrom.address }),
        to: rcptTo.map(({ address }) => address),
      });
    } catch (error) {
      this.options.logger.error('A message that came in could not be recorded: its sender is asked to try again', {
        error,
      });
      throw new Refusal(451, '4.3.0 Not recorded, try again later');
    }
  }
}

/** The message; `undefined` for one that is too large, which is read to its end and refused. */
async function bytesOf(stream: SMTPServerDataStream): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(chunk as Buffer);
  return stream.sizeExceeded ? undefined : Buffer.concat(chunks);
}
