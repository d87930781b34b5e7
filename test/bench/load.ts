import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A request as the bytes to send, as `latin1` text; `undefined` when there are no more. */
export type NextRequest = () => string | undefined;

export interface Load {
  readonly port: number;
  readonly connections: number;
  /** How long requests are sent; until there are no more when absent. */
  readonly seconds?: number;
  readonly next: NextRequest;
  /**
   * Whether the generator stays awake between answers. To wake a sleeper costs who writes to it several microseconds,
   * which a server pays with each answer when it is the slower of the two, and a floor, which leaves no time to sleep,
   * does not. Only fair where the floor is a server as well.
   */
  readonly awake?: boolean;
}

/** What a load showed. Latencies are in milliseconds, from the request written to the answer read whole. */
export interface Loaded {
  readonly answers: number;
  readonly perSecond: number;
  readonly p99: number;
}

/**
 * Sends requests over kept-alive connections, the next on each as soon as its answer is there, and does as little as can
 * be beside it, so that the server is what is measured. Rejects when an answer is not 2xx.
 */
export async function runLoad({ port, connections, seconds = Infinity, next, awake = false }: Load): Promise<Loaded> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const nextInTime = () => (performance.now() - startedAt < seconds * 1000 ? next() : undefined);
  const rest = awake ? stayAwake() : undefined;
  await Promise.all(Array.from({ length: connections }, () => askOverAndOver(port, nextInTime, latencies)));
  rest?.();
  const took = (performance.now() - startedAt) / 1000;
  return { answers: latencies.length, perSecond: latencies.length / took, p99: percentile(latencies, 0.99) };
}

/** A connection over which one question at a time is asked. */
export interface Asker {
  /** The body of the answer. Rejects when it is not 2xx. */
  ask(request: string): Promise<string>;
  close(): void;
}

/** Connects to a server on this machine. */
export async function openAsker(port: number): Promise<Asker> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let settle: { resolve: (body: string) => void; reject: (error: Error) => void } | undefined;
  const fail = (error: Error) => settle?.reject(error);
  readAnswers(socket, (status, body) => {
    if (status < 200 || status > 299) return fail(new Error(`Answered ${status}: ${body().slice(0, 300)}`));
    const answer = body();
    return settle?.resolve(answer.slice(answer.indexOf('\r\n\r\n') + 4));
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The server closed the connection.')));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        socket.write(request, 'latin1');
      }),
    close: () => void socket.end(),
  };
}

/** A POST of a JSON body. */
export function post(path: string, key: string, body: string, contentType = 'application/json'): string {
  return [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Bearer ${key}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** Keeps this process from sleeping until the function it answers is called. */
function stayAwake(): () => void {
  let awake = true;
  const turn = () => {
    if (awake) setImmediate(turn);
  };
  turn();
  return () => (awake = false);
}

function askOverAndOver(port: number, next: NextRequest, latencies: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    const send = () => {
      const request = next();
      if (request === undefined) return socket.end(resolve);
      sentAt = performance.now();
      return socket.write(request, 'latin1');
    };
    readAnswers(socket, (status, body) => {
      if (status < 200 || status > 299) return socket.destroy(new Error(`Answered ${status}: ${body().slice(0, 300)}`));
      latencies.push(performance.now() - sentAt);
      return send();
    });
    socket.once('connect', send);
    socket.once('error', reject);
  });
}

/** Calls back with each answer once it has come whole. Answers must bear a Content-Length. */
function readAnswers(socket: Socket, onAnswer: (status: number, body: () => string) => void): void {
  let chunks: Buffer[] = [];
  let received = 0;
  let expected = Infinity;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    received += chunk.length;
    if (expected === Infinity) expected = lengthOf(chunks.length === 1 ? chunk : Buffer.concat(chunks));
    if (received < expected) return;
    const answer = chunks;
    [chunks, received, expected] = [[], 0, Infinity];
    const first = answer[0]!;
    onAnswer(Number(first.toString('latin1', 9, 12)), () => Buffer.concat(answer).toString());
  });
}

/** The length of an answer, head and body; `Infinity` while its head is not whole. */
function lengthOf(received: Buffer): number {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return Infinity;
  const [, length] = /content-length: (\d+)/i.exec(received.toString('latin1', 0, headEnd)) ?? [];
  if (length === undefined) throw new Error('An answer has no Content-Length.');
  return headEnd + 4 + Number(length);
}

/** The figure that a share of all figures does not exceed. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = Float64Array.from(figures).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
