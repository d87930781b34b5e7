import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

/** What the server does with a recipient or a message: a reply such as `550 5.1.1 no such user`, a lost connection (`drop`), or nothing amiss. */
export type Treatment = string | void;

export interface Behaviour {
  recipient?(address: string): Treatment;
  message?(address: string): Treatment | Promise<Treatment>;
}

/** A mail server on a free port that takes every message, but for what its behaviour says. */
export interface MailServer {
  readonly url: string;
  /** The messages it took, in order. */
  readonly taken: readonly ParsedMail[];
  /** The same messages, byte for byte. */
  readonly received: readonly Buffer[];
  /** The senders that their envelopes named, in the same order. */
  readonly senders: readonly string[];
  /** Whom it was asked to take a message for, in order, and when. */
  readonly asked: readonly { readonly address: string; readonly at: number }[];
  /** The most messages that were under way at once. */
  readonly busiest: number;
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const taken: ParsedMail[] = [];
  const received: Buffer[] = [];
  const senders: string[] = [];
  const asked: { address: string; at: number }[] = [];
  const sockets = new Map<string, Socket>();
  let behaviour: Behaviour = {};
  let underWay = 0;
  let busiest = 0;

  const treat = (treatment: Treatment, session: SMTPServerSession, done: (error?: Error | null) => void) => {
    if (treatment === undefined) return done();
    if (treatment === 'drop') return void socketOf(sockets, session).destroy();
    done(Object.assign(new Error(treatment.slice(4)), { responseCode: Number(treatment.slice(0, 3)) }));
  };

  async function receive(stream: NodeJS.ReadableStream, session: SMTPServerSession, done: (error?: Error) => void) {
    busiest = Math.max(busiest, (underWay += 1));
    const { address } = session.envelope.rcptTo[0]!;
    const raw = await bytesOf(stream);
    const mail = await simpleParser(raw);
    const treatment = await behaviour.message?.(address);
    underWay -= 1;
    if (treatment === undefined) {
      taken.push(mail);
      received.push(raw);
      senders.push(session.envelope.mailFrom ? session.envelope.mailFrom.address : '');
    }
    treat(treatment, session, (error) => done(error ?? undefined));
  }

  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo({ address }, session, done) {
      asked.push({ address, at: performance.now() });
      treat(behaviour.recipient?.(address), session, done);
    },
    onData(stream, session, done) {
      receive(stream, session, done).catch(done);
    },
  });
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => {
    sockets.set(`${socket.remotePort}`, socket);
    socket.once('close', () => sockets.delete(`${socket.remotePort}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');

  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    taken,
    received,
    senders,
    asked,
    get busiest() {
      return busiest;
    },
    behave(wanted) {
      behaviour = wanted;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** The addresses of the messages that were taken, one for each message. */
export function recipientsOf(mails: readonly ParsedMail[]): string[] {
  return mails.map(({ to }) => [to].flat()[0]!.value[0]!.address!);
}

/** A gate that holds back whoever waits at it until it is opened. */
export function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

function socketOf(sockets: ReadonlyMap<string, Socket>, { remotePort }: SMTPServerSession): Socket {
  return sockets.get(`${remotePort}`)!;
}

async function bytesOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
