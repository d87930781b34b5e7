import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createConsentLedgerClient, ProblemError, UnexpectedAnswer, type ConsentLedgerClient } from './index.js';

interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const contactId = 'mfrggzdfmztwq2lknnwg23tpoa';
const address = 'jan.de.vries@example.com';
const source = { kind: 'web-form' } as const;
const recording = { contactId, revision: 0, position: 41, recorded: [{ eventId: 'e-1', type: 'OptedIn' }] };

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

describe('the client', () => {
  let server: Server;
  let ledger: ConsentLedgerClient;
  let baseUrl: string;
  let respond: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  let seen: Seen;

  beforeEach(async () => {
    server = createServer((request, response) => {
      respond(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    ledger = createConsentLedgerClient({ baseUrl, apiKey: 'secret' });
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  function answers(status: number, body: unknown, type = 'application/json'): void {
    respond = async (request, response) => {
      seen = { line: `${request.method} ${request.url}`, headers: request.headers, body: await text(request) };
      response.writeHead(status, { 'content-type': type });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
  }

  it('sends its key and the body as JSON, and gives back the answer', async () => {
    answers(201, recording);
    const fact = {
      address,
      purposes: ['newsletter'],
      statement: { id: 'signup-form', version: 1, language: 'nl' },
      source,
    };
    expect(await ledger.optIn(fact)).toStrictEqual(recording);
    expect(seen.line).toBe('POST /v1/opt-ins');
    expect(seen.headers).toMatchObject({ authorization: 'Bearer secret', 'content-type': 'application/json' });
    expect(JSON.parse(seen.body)).toStrictEqual(fact);
  });

  it('sends the idempotency key, the revision last seen and the correlation id as headers', async () => {
    answers(200, { ...recording, recorded: [] });
    await ledger.optOut(
      { contactId, purposes: 'all', source },
      { idempotencyKey: 'k-1', ifRevision: 3, correlationId: 'c-1' },
    );
    expect(seen.headers).toMatchObject({ 'idempotency-key': 'k-1', 'if-match': '"3"', 'x-correlation-id': 'c-1' });
  });

  const mailing = { id: 'spring', state: 'sending', recipients: 1, sent: 0, suppressed: {}, failed: 0, pending: 1 };
  const calls: Record<string, [line: string, call: () => Promise<unknown>, body?: unknown]> = {
    optOut: [
      'POST /v1/opt-outs',
      () => ledger.optOut({ address, purposes: ['newsletter'], source }),
      { address, purposes: ['newsletter'], source },
    ],
    recordRelationship: [
      'POST /v1/relationships',
      () => ledger.recordRelationship({ contactId, kind: 'purchase', source }),
      { contactId, kind: 'purchase', source },
    ],
    recordDeliverability: [
      'POST /v1/deliverability',
      () => ledger.recordDeliverability({ contactId, kind: 'bounced', permanent: true, source }),
      { contactId, kind: 'bounced', permanent: true, source },
    ],
    restrict: [
      'POST /v1/restrictions',
      () => ledger.restrict({ contactId, restricted: true, reason: 'Objection', source }),
      { contactId, restricted: true, reason: 'Objection', source },
    ],
    holdLegally: [
      'POST /v1/legal-holds',
      () => ledger.holdLegally({ contactId, held: true, reason: 'A claim', source }),
      { contactId, held: true, reason: 'A claim', source },
    ],
    erase: [
      'POST /v1/erasures',
      () => ledger.erase({ contactId, reason: 'request', source }),
      { contactId, reason: 'request', source },
    ],
    mayISend: [
      'POST /v1/eligibility',
      () => ledger.mayISend({ address, purpose: 'newsletter', minPosition: 41 }),
      { address, purpose: 'newsletter', minPosition: 41 },
    ],
    mayISendBatch: [
      'POST /v1/eligibility/batch',
      () => ledger.mayISendBatch('newsletter', [address]),
      { purpose: 'newsletter', addresses: [address] },
    ],
    lookUp: ['POST /v1/contacts/lookup', () => ledger.lookUp(address), { address }],
    preferences: [`GET /v1/contacts/${contactId}/preferences`, () => ledger.preferences(contactId)],
    history: [`GET /v1/contacts/${contactId}/history`, () => ledger.history(contactId)],
    'history at a moment': [
      `GET /v1/contacts/${contactId}/history?at=2026-01-01T00%3A00%3A00Z`,
      () => ledger.history(contactId, { at: '2026-01-01T00:00:00Z' }),
    ],
    retention: [`GET /v1/contacts/${contactId}/retention`, () => ledger.retention(contactId)],
    erasure: [`GET /v1/erasures/${contactId}`, () => ledger.erasure(contactId)],
    replay: [
      `POST /v1/contacts/${contactId}/replay`,
      () => ledger.replay(contactId, { purpose: 'newsletter', at: '2026-01-01T00:00:00Z' }),
      { purpose: 'newsletter', at: '2026-01-01T00:00:00Z' },
    ],
    deliveries: [`GET /v1/contacts/${contactId}/deliveries`, () => ledger.deliveries(contactId)],
    policies: ['GET /v1/policies', () => ledger.policies()],
    createMailing: [
      'POST /v1/mailings',
      () => ledger.createMailing({ purpose: 'newsletter', template: 'newsletter', subject: 'Spring' }),
      { purpose: 'newsletter', template: 'newsletter', subject: 'Spring' },
    ],
    mailing: ['GET /v1/mailings/spring', () => ledger.mailing('spring')],
  };

  it.each(Object.entries(calls))('%s makes its call', async (_name, [line, call, body]) => {
    answers(200, mailing);
    expect(await call()).toStrictEqual(mailing);
    expect(seen.line).toBe(line);
    expect(seen.body === '' ? undefined : JSON.parse(seen.body)).toStrictEqual(body);
  });

  it('throws the problem that the service answers with, code and fields included', async () => {
    const problem = {
      type: 'about:blank',
      title: 'The request is not valid',
      status: 400,
      detail: 'Correct purpose and send the request again.',
      code: 'VALIDATION',
      errors: [{ field: 'purpose', message: 'must be a string' }],
    };
    answers(400, problem, 'application/problem+json');
    const refused = await ledger.mayISend({ address, purpose: '' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProblemError);
    expect(refused).toMatchObject({ code: 'VALIDATION', status: 400, message: problem.detail, problem });
  });

  it.each([
    ['an error page', 502, '<h1>Bad gateway</h1>', 'text/html'],
    ['an error in another JSON', 500, { error: 'no' }, 'application/json'],
    ['an empty success', 200, '', 'application/json'],
  ])('says so when %s answers in place of the service', async (_what, status, body, type) => {
    answers(status, body, type);
    const refused = await ledger.policies().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UnexpectedAnswer);
    expect(refused).toMatchObject({ status });
  });

  it('gives a call up when its signal aborts', async () => {
    const abort = new AbortController();
    respond = () => {
      abort.abort();
      return Promise.resolve();
    };
    await expect(ledger.policies({ signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('makes its calls through the fetch that it is given', async () => {
    const urls: string[] = [];
    const through = createConsentLedgerClient({
      baseUrl,
      apiKey: 'secret',
      fetch: (request) => {
        urls.push(request.url);
        return Promise.resolve(Response.json([]));
      },
    });
    expect(await through.policies()).toStrictEqual([]);
    expect(urls).toStrictEqual([`${baseUrl}/v1/policies`]);
  });

  describe('with streams', () => {
    const verdictOf = (line: string) => ({ eligible: line.includes('yes'), asked: line });

    /** Answers each line as it comes, with backpressure. */
    function answersEachLine(): void {
      respond = async (request, response) => {
        seen = { line: `${request.method} ${request.url}`, headers: request.headers, body: '' };
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        response.flushHeaders();
        for await (const line of createInterface({ input: request }))
          if (!response.write(`${JSON.stringify(verdictOf(line))}\n`)) await once(response, 'drain');
        response.end();
      };
    }

    it('asks about each address, a line each, and gives the results in order', async () => {
      answersEachLine();
      const results = await all(ledger.mayISendEach('newsletter', ['yes@example.com', 'no@example.com']));
      expect(results.map(({ eligible }) => eligible)).toStrictEqual([true, false]);
      expect(seen.line).toBe('POST /v1/eligibility/batch?purpose=newsletter');
      expect(seen.headers['content-type']).toBe('application/x-ndjson');
    });

    it('gives a result before the next address is known', async () => {
      answersEachLine();
      const asked: string[] = [];
      const answered = new EventEmitter();
      async function* oneByOne() {
        for (const name of ['yes', 'no', 'yes']) {
          const answer = once(answered, 'answer');
          asked.push(name);
          yield `${name}@example.com`;
          await answer;
        }
      }
      const askedAtResult: number[] = [];
      for await (const result of ledger.mayISendEach('newsletter', oneByOne())) {
        expect(result.eligible).toBe(asked.at(-1) === 'yes');
        askedAtResult.push(asked.length);
        answered.emit('answer');
      }
      expect(askedAtResult).toStrictEqual([1, 2, 3]);
    });

    it('reads the addresses no faster than the answers are taken', async () => {
      answersEachLine();
      const total = 40_000;
      const padding = '.yes'.repeat(250);
      let read = 0;
      function* many() {
        for (; read < total; read++) yield `${read}${padding}`;
      }
      let taken = 0;
      let furthestAhead = 0;
      for await (const { eligible } of ledger.mayISendEach('newsletter', many())) {
        taken += eligible ? 1 : 0;
        furthestAhead = Math.max(furthestAhead, read - taken);
      }
      expect(taken).toBe(total);
      expect(furthestAhead).toBeLessThan(total / 2);
    });

    describe('lets go of the addresses', () => {
      let released: Promise<unknown>;
      let addresses: Generator<string>;

      beforeEach(() => {
        const source = new EventEmitter();
        released = once(source, 'released');
        addresses = (function* () {
          try {
            for (;;) yield 'yes@example.com';
          } finally {
            source.emit('released');
          }
        })();
      });

      it('when the results are no longer wanted', async () => {
        answersEachLine();
        for await (const { eligible } of ledger.mayISendEach('newsletter', addresses)) if (eligible) break;
        await released;
      });

      it('when the signal aborts', async () => {
        answersEachLine();
        const abort = new AbortController();
        const reading = async () => {
          for await (const { eligible } of ledger.mayISendEach('newsletter', addresses, { signal: abort.signal }))
            if (eligible) abort.abort();
        };
        await expect(reading()).rejects.toMatchObject({ name: 'AbortError' });
        await released;
      });

      it('when the question is refused before they end', async () => {
        respond = (_request, response) => {
          response.writeHead(422, { 'content-type': 'application/problem+json' });
          response.end(JSON.stringify({ title: 'No such purpose', status: 422, code: 'UNKNOWN_PURPOSE' }));
          return Promise.resolve();
        };
        await expect(all(ledger.mayISendEach('profiling', addresses))).rejects.toMatchObject({
          code: 'UNKNOWN_PURPOSE',
        });
        await released;
      });
    });

    it('throws when the answer breaks off, having given what came before', async () => {
      respond = async (request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        response.write('{"eligible":true}\n{"elig');
        await text(request);
        response.destroy();
      };
      const results: unknown[] = [];
      const reading = async () => {
        for await (const result of ledger.mayISendEach('newsletter', ['a@example.com', 'b@example.com']))
          results.push(result);
      };
      await expect(reading()).rejects.toThrow();
      expect(results).toStrictEqual([{ eligible: true }]);
    });

    it('throws the problem when the question is refused', async () => {
      answers(422, { type: 'about:blank', title: 'No such purpose', status: 422, code: 'UNKNOWN_PURPOSE' });
      await expect(all(ledger.mayISendEach('profiling', [address]))).rejects.toMatchObject({
        code: 'UNKNOWN_PURPOSE',
      });
    });

    it('adds recipients to a mailing, a line each', async () => {
      answers(202, { accepted: 2, duplicates: 0, invalid: 0 });
      const recipients = [{ address }, { address: 'an@example.com', language: 'en' as const }];
      expect(await ledger.addRecipients('spring', recipients)).toStrictEqual({
        accepted: 2,
        duplicates: 0,
        invalid: 0,
      });
      expect(seen.line).toBe('POST /v1/mailings/spring/recipients');
      expect(seen.body).toBe(recipients.map((recipient) => `${JSON.stringify(recipient)}\n`).join(''));
    });
  });
});
