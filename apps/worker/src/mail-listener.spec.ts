import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { InboundEnvelope } from '@consent-ledger/application';
import { freePort } from '@consent-ledger/platform';
import { createDrivenClock, createRecordingLogger, START_OF_STORY } from '@consent-ledger/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MailListener, type MailListenerOptions } from './mail-listener.js';

interface Taken {
  readonly raw: string;
  readonly envelope: InboundEnvelope;
}

const open: MailListener[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((listener) => listener.stop()));
});

/** A listener for stop@example.nl that keeps what it took. */
async function listening(options: Partial<MailListenerOptions> = {}) {
  const taken: Taken[] = [];
  const clock = createDrivenClock(START_OF_STORY);
  const logger = createRecordingLogger();
  const port = await freePort();
  const listener = new MailListener({
    port,
    host: '127.0.0.1',
    name: 'mail.example.nl',
    tls: undefined,
    rate: 100,
    isOurs: (address) => address === 'stop@example.nl',
    receive: async (raw, envelope) => void taken.push({ raw: raw.toString(), envelope }),
    clock,
    logger,
    ...options,
  });
  await listener.start();
  open.push(listener);
  return { listener, port, taken, clock, logger };
}

/** A conversation in SMTP: says a line, or none, and answers the code and words of the reply. */
async function converse(port: number, localAddress = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  sockets.push(socket);
  socket.on('error', () => undefined);
  let heard = '';
  let waiting: (() => void) | undefined;
  socket.on('data', (chunk) => {
    heard += chunk.toString();
    waiting?.();
  });
  socket.on('close', () => waiting?.());
  const reply = async () => {
    for (;;) {
      const [whole] = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(heard) ?? [];
      if (whole !== undefined) {
        heard = heard.slice(whole.length);
        return whole.trimEnd();
      }
      if (socket.closed) return 'closed';
      await new Promise<void>((resolve) => (waiting = resolve));
    }
  };
  const greeting = await reply();
  return {
    socket,
    greeting,
    say: (line: string) => {
      socket.write(`${line}\r\n`);
      return reply();
    },
  };
}

/** Says lines one after another; answers the last reply. */
async function sayAll({ say }: Awaited<ReturnType<typeof converse>>, ...lines: readonly string[]): Promise<string> {
  let last = '';
  for (const line of lines) last = await say(line);
  return last;
}

const opening = ['EHLO mx.example.com', 'MAIL FROM:<a@example.com>', 'RCPT TO:<stop@example.nl>', 'DATA'];
const message = 'Subject: x\r\n\r\nHallo\r\n.';

describe('the listener', () => {
  it('takes a message over once it was received, with who sent it and for whom (P4)', async () => {
    const { port, taken } = await listening();
    const peer = await converse(port);
    expect(peer.greeting).toMatch(/^220 mail\.example\.nl /);
    expect(await sayAll(peer, ...opening, message)).toBe('250 2.0.0 Taken');
    expect(taken).toStrictEqual([
      { raw: 'Subject: x\r\n\r\nHallo\r\n', envelope: { from: 'a@example.com', to: ['stop@example.nl'] } },
    ]);
    expect(await sayAll(peer, 'MAIL FROM:<>', 'RCPT TO:<stop@example.nl>', 'DATA', message)).toMatch(/^250 /);
    expect(taken[1]!.envelope.from).toBe('');
  });

  it('asks the sender to try again when it cannot be recorded, and tells no more (P4)', async () => {
    const receive = () => Promise.reject(new Error('SQLITE_FULL'));
    const { port, logger } = await listening({ receive });
    expect(await sayAll(await converse(port), ...opening, message)).toBe('451 4.3.0 Not recorded, try again later');
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('takes nothing over from a sender that leaves in the middle of a message (P4)', async () => {
    const { port, taken, listener } = await listening();
    const peer = await converse(port);
    await sayAll(peer, ...opening);
    peer.socket.end('Subject: eyJ-half a link\r\n\r\nunsub');
    await once(peer.socket, 'close');
    await listener.stop();
    open.length = 0;
    expect(taken).toStrictEqual([]);
  });

  it('offers no log-in and no encryption that it has no certificate for', async () => {
    const { port } = await listening();
    const peer = await converse(port);
    expect(await peer.say('EHLO mx.example.com')).not.toMatch(/AUTH|STARTTLS/);
    expect(await peer.say('AUTH PLAIN AGEAYg==')).toMatch(/^5/);
    expect(await peer.say('STARTTLS')).toMatch(/^5/);
    expect(await peer.say('VRFY stop@example.nl')).not.toMatch(/^250/);
  });

  const [, sender, recipient] = opening as [string, string, string];

  it('takes the mail of somebody whose mailbox is not in ASCII (P4, RFC 6531)', async () => {
    const { port, taken } = await listening();
    const peer = await converse(port);
    expect(await peer.say('EHLO mx.example.com')).toMatch(/SMTPUTF8/);
    const unicode = 'From: Andr\u00e9 <andr\u00e9@vo\u00fbte.example>\r\nSubject: x\r\n\r\nUitschrijven a.u.b.\r\n.';
    const reply = await sayAll(
      peer,
      'MAIL FROM:<andr\u00e9@vo\u00fbte.example> SMTPUTF8',
      opening[2]!,
      'DATA',
      unicode,
    );
    expect(reply).toBe('250 2.0.0 Taken');
    expect(taken).toStrictEqual([
      { raw: unicode.slice(0, -1), envelope: { from: 'andr\u00e9@vo\u00fbte.example', to: ['stop@example.nl'] } },
    ]);
  });

  it('lets no more of a client in than its rate, and the others a second later', async () => {
    const { port, clock } = await listening({ rate: 2 });
    const peer = await converse(port);
    await peer.say('EHLO mx.example.com');
    const tries: string[] = [];
    for (let at = 0; at < 3; at++) tries.push(await sayAll(peer, 'RSET', sender, recipient));
    expect(tries.map((reply) => reply.slice(0, 3))).toStrictEqual(['250', '250', '451']);
    clock.advance(1000);
    expect(await sayAll(peer, 'RSET', sender, recipient)).toMatch(/^250/);
  });

  it('counts a message once, however many of our addresses it is for', async () => {
    const { port } = await listening({ rate: 1 });
    const peer = await converse(port);
    await peer.say('EHLO mx.example.com');
    expect(await sayAll(peer, sender, recipient, recipient)).toMatch(/^250/);
  });

  it('keeps the door open for others while one client knocks without end (P4)', async () => {
    const { port } = await listening({ rate: 2 });
    const knocking = await converse(port, '127.0.0.2');
    await knocking.say('EHLO mx.example.com');
    for (let at = 0; at < 20; at++) await sayAll(knocking, sender, 'RCPT TO:<nobody@example.nl>', 'RSET');
    for (let at = 0; at < 20; at++) await sayAll(knocking, sender, recipient, 'RSET');
    expect(await sayAll(knocking, sender, recipient)).toMatch(/^451/);
    expect(await sayAll(await converse(port), ...opening, message)).toMatch(/^250/);
  });

  it('spends nothing of its rate on mail that is for nobody here', async () => {
    const { port } = await listening({ rate: 1 });
    const peer = await converse(port);
    await peer.say('EHLO mx.example.com');
    for (let at = 0; at < 5; at++) await sayAll(peer, sender, 'RCPT TO:<nobody@example.nl>', 'RSET');
    expect(await sayAll(peer, sender, recipient)).toMatch(/^250/);
  });

  it('holds no more than its connections of one client, says so to its next, and lets others in (P4)', async () => {
    const { port } = await listening();
    const peers = await Promise.all(Array.from({ length: 20 }, () => converse(port)));
    expect(peers.every(({ greeting }) => greeting.startsWith('220'))).toBe(true);
    expect((await converse(port)).greeting).toMatch(/^421 /);
    expect((await converse(port, '127.0.0.2')).greeting).toMatch(/^220 /);
  });

  it('lets a client in again that closed one of its connections', async () => {
    const { port } = await listening();
    const [first] = await Promise.all(Array.from({ length: 20 }, () => converse(port)));
    expect(await first!.say('QUIT')).toMatch(/^221/);
    if (!first!.socket.closed) await once(first!.socket, 'close');
    expect((await converse(port)).greeting).toMatch(/^220 /);
  });

  it('holds no more than its connections in all', async () => {
    const { port } = await listening();
    for (let client = 2; client < 7; client++)
      await Promise.all(Array.from({ length: 20 }, () => converse(port, `127.0.0.${client}`)));
    expect((await converse(port)).greeting).toMatch(/^421 /);
  });

  it('stops when it has finished the message in hand, and not before (P4)', async () => {
    let finish = () => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    let begun = () => {};
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    let done = false;
    const receive = async () => {
      begun();
      await held;
      done = true;
    };
    const { port, listener } = await listening({ receive });
    const peer = await converse(port);
    const answered = sayAll(peer, ...opening, message);
    await isBegun;
    const stopped = listener.stop().then(() => done);
    finish();
    expect(await stopped).toBe(true);
    expect(await answered).toMatch(/^250/);
    open.length = 0;
  });

  it('does not start on a port that is taken', async () => {
    const { port } = await listening();
    await expect(listening({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
