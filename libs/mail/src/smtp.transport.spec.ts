import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { composeMessage } from './compose-message.js';
import type { MailTransport, OutgoingMessage } from './mail-transport.js';
import { createSmtpTransport, type SmtpOptions } from './smtp.transport.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const message = async (deliveryId: string, to = 'zoe@example.org'): Promise<OutgoingMessage> => ({
  deliveryId,
  ...(await composeMessage({
    deliveryId,
    date: 0,
    from: { name: 'Koffie', address: 'nieuws@example.nl' },
    to: { address: to },
    subject: 'Lente',
    html: '<p>Lente</p>',
    text: 'Lente\n.\n..dot\n',
    language: 'nl',
    purpose: { kind: 'operational' },
  })),
});

interface MailServer {
  readonly url: string;
  readonly received: string[];
  readonly sockets: Set<Socket>;
  connections: number;
}

/** A mail server on a free port that takes everything, but for what `options` say. */
async function mailServer(
  options: (server: MailServer) => SMTPServerOptions = () => ({}),
  query = '',
): Promise<MailServer> {
  const facts = { url: '', received: [] as string[], sockets: new Set<Socket>(), connections: 0 };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onData(stream, _session, done) {
      collect(stream).then((text) => {
        facts.received.push(text);
        done();
      }, done);
    },
    ...options(facts),
  });
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => {
    facts.connections += 1;
    facts.sockets.add(socket);
    socket.once('close', () => facts.sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  closing.push(() => new Promise<void>((resolve) => server.close(resolve)));
  facts.url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}${query}`;
  return facts;
}

/** A server that says what it is told to: each element answers a line, `undefined` never does. */
async function scriptedServer(answer: (line: string, socket: Socket) => string | undefined, greeting?: string) {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (greeting !== undefined) socket.write(`${greeting}\r\n`);
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = `${rest}${chunk.toString('latin1')}`.split('\r\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const reply = answer(line, socket);
        if (reply !== undefined && !socket.destroyed) socket.write(`${reply}\r\n`);
      }
    });
    closing.push(async () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Says yes to each command of a transaction. */
const obliging = (line: string): string | undefined => {
  if (/^EHLO/.test(line)) return '250 mail.example';
  if (line === 'DATA') return '354 go on';
  if (/^(MAIL|RCPT|RSET|NOOP)/.test(line)) return '250 2.1.0 ok';
  if (line === 'QUIT') return '221 bye';
  return undefined;
};

function transport(url: string, options: Partial<SmtpOptions> = {}): MailTransport {
  const smtp = createSmtpTransport({ url, maxConnections: 1, ...options });
  closing.push(() => smtp.close());
  return smtp;
}

async function collect(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const refusal = (text: string, responseCode: number) => Object.assign(new Error(text), { responseCode });

describe('handing over', () => {
  it('delivers the very bytes that were composed and answers with the code only', async () => {
    const server = await mailServer();
    const outgoing = await message('delivery-1');
    expect(await transport(server.url).send(outgoing)).toStrictEqual({ status: 'sent', response: '250' });
    expect(server.received).toStrictEqual([outgoing.raw.toString()]);
    const mail = await simpleParser(server.received[0]!);
    expect(mail.text).toBe('Lente\n.\n..dot\n');
  });

  it('keeps the enhanced status code of the reply and drops its words', async () => {
    const url = await scriptedServer(
      (line) => (line === '.' ? '250 2.6.0 queued for zoe@example.org' : obliging(line)),
      '220 x',
    );
    expect(await transport(url).send(await message('delivery-1'))).toStrictEqual({
      status: 'sent',
      response: '250 2.6.0',
    });
  });

  it('uses a connection again, and another one before the server is fed up with it', async () => {
    const perSession = new Map<string, number>();
    const server = await mailServer(() => ({
      onMailFrom(_address, { id }, done) {
        const count = (perSession.get(id) ?? 0) + 1;
        perSession.set(id, count);
        done(count > 2 ? refusal('4.5.3 Too many messages', 452) : null);
      },
    }));
    const smtp = transport(server.url, { maxMessagesPerConnection: 2 });
    const outcomes = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map(async (id) => (await smtp.send(await message(id))).status),
    );
    expect(outcomes).toStrictEqual(['sent', 'sent', 'sent', 'sent', 'sent']);
    expect([...perSession.values()]).toStrictEqual([2, 2, 1]);
  });

  it('never has more connections than it may', async () => {
    const server = await mailServer();
    const smtp = transport(server.url, { maxConnections: 2 });
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(async (id) => smtp.send(await message(id))));
    expect(server.received).toHaveLength(6);
    expect(server.connections).toBe(2);
  });
});

describe('what the server does not take', () => {
  const quoted = (code: string) => `${code} <zoe@example.org>: no`;

  it.each([
    ['a bad recipient', { onRcptTo: 550 }, '5.1.1', { status: 'rejected', code: '550 5.1.1', at: 'recipient' }],
    ['a full mailbox', { onRcptTo: 452 }, '4.2.2', { status: 'deferred', code: '452 4.2.2' }],
    ['greylisting', { onRcptTo: 450 }, '4.7.1', { status: 'deferred', code: '450 4.7.1' }],
    [
      'a sender that is refused',
      { onMailFrom: 553 },
      '5.7.1',
      { status: 'rejected', code: '553 5.7.1', at: 'message' },
    ],
    ['a log-in that is missing', { onMailFrom: 530 }, '5.7.0', { status: 'deferred', code: '530 5.7.0' }],
    ['a session that is spent', { onMailFrom: 452 }, '4.5.3', { status: 'deferred', code: '452 4.5.3' }],
    ['a message that is refused', { onData: 554 }, '5.6.0', { status: 'rejected', code: '554 5.6.0', at: 'message' }],
    ['a message that may come later', { onData: 451 }, '4.3.0', { status: 'deferred', code: '451 4.3.0' }],
    ['a server that goes down', { onRcptTo: 421 }, '4.3.2', { status: 'deferred', code: '421 4.3.2' }],
  ])('%s', async (_, { onMailFrom, onRcptTo, onData }: Record<string, number>, enhanced, outcome) => {
    const server = await mailServer(() => ({
      ...(onMailFrom && { onMailFrom: (_a, _s, done) => done(refusal(quoted(enhanced), onMailFrom)) }),
      ...(onRcptTo && { onRcptTo: (_a, _s, done) => done(refusal(quoted(enhanced), onRcptTo)) }),
      ...(onData && {
        onData: (stream, _s, done) => void collect(stream).then(() => done(refusal(quoted(enhanced), onData))),
      }),
    }));
    expect(await transport(server.url).send(await message('delivery-1'))).toStrictEqual(outcome);
    expect(server.received).toStrictEqual([]);
  });

  it('does not stop the messages after it', async () => {
    const server = await mailServer(() => ({
      onRcptTo: ({ address }, _session, done) => done(address.startsWith('bad') ? refusal('5.1.1 no', 550) : null),
    }));
    const smtp = transport(server.url);
    const outcomes = await Promise.all(
      ['bad@example.org', 'good@example.org', 'bad2@example.org', 'fine@example.org'].map(
        async (to, index) => (await smtp.send(await message(`delivery-${index}`, to))).status,
      ),
    );
    expect(outcomes).toStrictEqual(['rejected', 'sent', 'rejected', 'sent']);
  });
});

describe('a mailbox outside ASCII (RFC 6531)', () => {
  const international = () => message('delivery-1', 'zoë@bücher.example');

  it('goes to a server that can carry it', async () => {
    const told: unknown[] = [];
    const server = await mailServer(() => ({
      onMailFrom({ args }, _session, done) {
        told.push(args);
        done();
      },
    }));
    expect(await transport(server.url).send(await international())).toMatchObject({ status: 'sent' });
    expect(told).toMatchObject([{ SMTPUTF8: true }]);
    expect(server.received[0]).toContain('To: zoë@bücher.example\r\n');
  });

  it('is refused where the server cannot: it is asked once, and the messages to others go on', async () => {
    const server = await mailServer(() => ({ hideSMTPUTF8: true }));
    const smtp = transport(server.url);
    const refused = { status: 'rejected', code: 'SMTPUTF8_NOT_OFFERED', at: 'recipient' };
    expect(await smtp.send(await international())).toStrictEqual(refused);
    expect(await smtp.send(await international())).toStrictEqual(refused);
    expect(server.connections).toBe(1);
    expect(await smtp.send(await message('delivery-2'))).toMatchObject({ status: 'sent' });
    expect(server.received).toHaveLength(1);
  });

  it('waits while the server is away, and asks again', async () => {
    const url = await scriptedServer(obliging);
    await closing.pop()!();
    const smtp = transport(url);
    const away = { status: 'deferred', code: 'ECONNREFUSED' };
    expect(await smtp.send(await international())).toStrictEqual(away);
    expect(await smtp.send(await international())).toStrictEqual(away);
  });
});

describe('a connection that is lost', () => {
  it('after the message was sent and before the reply leaves it unknown, and sends it once', async () => {
    let datas = 0;
    const server = await mailServer(({ sockets }) => ({
      onData(stream) {
        datas += 1;
        void collect(stream).then(() => sockets.forEach((socket) => socket.destroy()));
      },
    }));
    const smtp = transport(server.url);
    expect(await smtp.send(await message('delivery-1'))).toMatchObject({ status: 'unknown' });
    expect(datas).toBe(1);
  });

  it('in the same way on a connection that served before', async () => {
    let datas = 0;
    const server = await mailServer(({ sockets }) => ({
      onData(stream, _session, done) {
        datas += 1;
        void collect(stream).then(() => (datas === 1 ? done() : sockets.forEach((socket) => socket.destroy())));
      },
    }));
    const smtp = transport(server.url);
    expect(await smtp.send(await message('delivery-1'))).toMatchObject({ status: 'sent' });
    expect(await smtp.send(await message('delivery-2'))).toMatchObject({ status: 'unknown' });
    expect([datas, server.connections]).toStrictEqual([2, 1]);
  });

  it('by a reply that never comes leaves it unknown', async () => {
    const url = await scriptedServer(obliging, '220 x');
    expect(await transport(`${url}?socketTimeout=150`).send(await message('delivery-1'))).toStrictEqual({
      status: 'unknown',
      code: 'ETIMEDOUT',
    });
  });

  it('by a server that says it goes down defers the message: it says that it did not take it', async () => {
    const url = await scriptedServer((line, socket) => {
      if (line !== '.') return obliging(line);
      socket.end('421 4.3.2 zoe@example.org: shutting down\r\n');
      return undefined;
    }, '220 x');
    expect(await transport(url).send(await message('delivery-1'))).toStrictEqual({
      status: 'deferred',
      code: '421 4.3.2',
    });
  });

  it.each(['EHLO', 'MAIL', 'RCPT', 'DATA'])('at %s defers the message', async (command) => {
    const url = await scriptedServer((line, socket) => {
      if (!line.startsWith(command)) return obliging(line);
      socket.destroy();
      return undefined;
    }, '220 x');
    expect(await transport(url).send(await message('delivery-1'))).toMatchObject({ status: 'deferred' });
  });

  it.each(['', '?maxRequeues=5'])(
    'before the greeting is not made again by itself, whatever the URL says (%s)',
    async (query) => {
      const server = await mailServer(
        ({ sockets }) => ({ onConnect: () => sockets.forEach((socket) => socket.destroy()) }),
        query,
      );
      expect(await transport(server.url).send(await message('delivery-1'))).toMatchObject({ status: 'deferred' });
      expect(server.connections).toBe(1);
    },
  );

  it('in the middle of the message defers it: what has no end was not taken', async () => {
    let lines = 0;
    const url = await scriptedServer((line, socket) => {
      if (lines === 0 && line !== 'DATA') return obliging(line);
      lines += 1;
      if (lines === 5) socket.destroy();
      return line === 'DATA' ? '354 go on' : undefined;
    }, '220 x');
    const { envelope } = await message('delivery-1');
    const raw = Buffer.from(`Subject: x\r\n\r\n${'line\r\n'.repeat(2_000_000)}`);
    expect(await transport(url).send({ deliveryId: 'delivery-1', raw, envelope })).toMatchObject({
      status: 'deferred',
    });
  });

  it('while it was idle is made anew', async () => {
    const server = await mailServer();
    const smtp = transport(server.url);
    expect(await smtp.send(await message('delivery-1'))).toMatchObject({ status: 'sent' });
    const gone = [...server.sockets].map((socket) => once(socket, 'close'));
    server.sockets.forEach((socket) => socket.destroy());
    await Promise.all(gone);
    expect(await smtp.send(await message('delivery-2'))).toMatchObject({ status: 'sent' });
    expect(server.received).toHaveLength(2);
  });

  it('before it was made defers the message and fails the check', async () => {
    const url = await scriptedServer(obliging);
    await closing.pop()!();
    const smtp = transport(url);
    expect(await smtp.send(await message('delivery-1'))).toStrictEqual({ status: 'deferred', code: 'ECONNREFUSED' });
    await expect(smtp.verify()).rejects.toMatchObject({
      code: 'MAIL_TRANSPORT_UNAVAILABLE',
      reason: 'ECONNREFUSED',
      message: 'Mail cannot be handed over now (ECONNREFUSED).',
    });
  });

  it.each([
    ['says nothing', undefined, 'ETIMEDOUT'],
    ['turns us away', '554 5.7.1 [127.0.0.1] is not welcome', '554 5.7.1'],
  ])('by a server that %s defers the message', async (_, greeting, code) => {
    const url = await scriptedServer(obliging, greeting);
    expect(await transport(`${url}?greetingTimeout=150`).send(await message('delivery-1'))).toStrictEqual({
      status: 'deferred',
      code,
    });
  });
});

describe('closing', () => {
  it('finishes the message that is under way and defers those that wait', async () => {
    let reached: () => void;
    let answer: () => void;
    const underWay = new Promise<void>((resolve) => (reached = resolve));
    const server = await mailServer(({ received }) => ({
      onData(stream, _session, done) {
        void collect(stream).then((text) => {
          received.push(text);
          answer = () => done();
          reached();
        });
      },
    }));
    const smtp = transport(server.url);
    const first = smtp.send(await message('delivery-1'));
    const second = smtp.send(await message('delivery-2'));
    await underWay;
    const closed = smtp.close();
    answer!();
    await closed;
    expect(await first).toMatchObject({ status: 'sent' });
    expect(await second).toStrictEqual({ status: 'deferred', code: 'CLOSED' });
    expect(await smtp.send(await message('delivery-3'))).toStrictEqual({ status: 'deferred', code: 'CLOSED' });
    expect(server.received).toHaveLength(1);
  });
});

describe('set-up', () => {
  it('passes the check of a server that answers', async () => {
    const server = await mailServer();
    await expect(transport(server.url).verify()).resolves.toBeUndefined();
  });

  it.each(['http://user:secret@127.0.0.1', 'not a url secret'])('refuses a URL of no mail server: %s', (url) => {
    expect(() => createSmtpTransport({ url, maxConnections: 1 })).toThrow(RangeError);
    expect(() => createSmtpTransport({ url, maxConnections: 1 })).not.toThrow(/secret/);
  });
});
