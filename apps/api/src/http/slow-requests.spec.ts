import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { breakOffSlowRequests } from './slow-requests.js';

describe('a request that does not come in whole', () => {
  let server: FastifyInstance;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = fastify({ requestTimeout: 0 });
    breakOffSlowRequests(server, { afterMs: 100, everyMs: 20, streamed: ['application/x-ndjson'] });
    server.addContentTypeParser('application/x-ndjson', (_request, body, done) => done(null, body));
    server.post('/fact', () => 'recorded');
    server.post('/lines', (request, reply) =>
      reply.send(Readable.from(answers(request.body as AsyncIterable<Buffer>))),
    );
    server.post('/refused', (_request, reply) => reply.status(415).send('no'));
    await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });

  function send(path: string, type: string, body: string): { readonly socket: Socket; readonly text: () => string } {
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 20\r\n\r\n${body}`);
    return { socket, text: () => text };
  }

  it('is broken off after its time', async () => {
    const { socket, text } = send('/fact', 'application/json', '{');
    await once(socket, 'close');
    expect(text()).toBe('');
  });

  it('is broken off after its time although it was answered already', async () => {
    const { socket, text } = send('/refused', 'application/x-ndjson', '{');
    await once(socket, 'close');
    expect(text()).toContain('415');
  });

  it('is waited for where it is a stream, also while it is answered already', async () => {
    const { socket, text } = send('/lines', 'application/x-ndjson', '"a@example.nl"\n');
    const other = send('/fact', 'application/json', '{');
    // The other one came later and was broken off, so the time of the stream had passed.
    await once(other.socket, 'close');
    socket.write('"b"\n\n');
    while (!text().includes('5 bytes')) await once(socket, 'data');
  });
});

/** An answer that begins before the request has ended. */
async function* answers(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  for await (const chunk of body) yield `${chunk.length} bytes`;
}
