import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, eventually, startService, type TestService } from '../support/service.js';
import { clockAt, customer, given, optIn, optOut, somebody } from './given.js';

const NOW = '2026-06-15T10:00:00.000Z';
const yes = { eligible: true, reason: 'CONSENT', basis: 'consent', validUntil: '2029-02-09T09:00:00.000Z' };
const optedOut = { eligible: false, reason: 'OPTED_OUT', basis: null, validUntil: null };
const customerOf = { eligible: true, reason: 'SOFT_OPT_IN', basis: 'soft-opt-in', validUntil: null };
const stranger = { eligible: false, reason: 'UNKNOWN_CONTACT', basis: null, validUntil: null };
const noAddress = { eligible: false, reason: 'INVALID_ADDRESS', basis: null, validUntil: null };

describe('may I send this to each of these?', () => {
  let service: TestService;
  let position: number;
  const [agreed, left, bought] = [somebody(), somebody(), somebody()];
  /** Every kind of address with its answer, to be asked in any order. */
  const known: [address: unknown, result: object][] = [
    [agreed, yes],
    [`  ${agreed.toUpperCase()} `, yes],
    [left, optedOut],
    [bought, customerOf],
    ['nobody@example.org', stranger],
    ['not an address', noAddress],
    ['', noAddress],
    ['jan@bücher.example', stranger],
    ['"jan"@example.org', noAddress],
  ];

  beforeAll(async () => {
    service = await startService({ clock: clockAt(NOW) });
    await given(service, agreed, optIn(['newsletter'], { occurredAt: '2026-01-10T09:00:00Z' }));
    await given(service, bought, customer({ occurredAt: '2024-01-10T09:00:00Z' }));
    const facts = [optIn(['newsletter']), optOut('all')];
    ({ position } = await given(service, left, ...facts));
    await service.post('/v1/eligibility', { address: left, purpose: 'newsletter', minPosition: position });
  });
  afterAll(() => service.stop());

  const json = (body: object) => service.post('/v1/eligibility/batch', body);

  describe('as JSON', () => {
    it('answers each in the order asked, malformed ones too, with the policy and the position', async () => {
      const addresses = [...known, ...known.slice().reverse()].map(([address]) => address);
      const { status, body } = await json({ purpose: 'newsletter', addresses, minPosition: position });
      expect(status).toBe(200);
      expect(body).toStrictEqual({
        purpose: 'newsletter',
        at: NOW,
        position,
        policy: { id: 'dnp-giftcard', version: 1 },
        results: [...known, ...known.slice().reverse()].map(([, result]) => result),
      });
    });

    it('takes what is no text for an invalid address', async () => {
      const { body } = await json({ purpose: 'newsletter', addresses: [null, 7, {}, [agreed], agreed] });
      expect(body.results).toStrictEqual([noAddress, noAddress, noAddress, noAddress, yes]);
    });

    it('gives the same answers as single questions do', async () => {
      const addresses = [agreed, left, bought, 'nobody@example.org'];
      const { body } = await json({ purpose: 'event-invitation', addresses });
      for (const [index, address] of addresses.entries()) {
        const single = await service.post('/v1/eligibility', { address, purpose: 'event-invitation' });
        expect(single.body).toMatchObject(body.results[index]);
      }
    });

    it('answers 10 000, and refuses 10 001 with 400', async () => {
      const addresses = Array.from({ length: 10_000 }, (_, index) => known[index % known.length]![0]);
      const { status, body } = await json({ purpose: 'newsletter', addresses });
      expect(status).toBe(200);
      expect(body.results).toStrictEqual(addresses.map((_, index) => known[index % known.length]![1]));

      const refused = await json({ purpose: 'newsletter', addresses: [...addresses, agreed] });
      expect([refused.status, refused.body.code]).toStrictEqual([400, 'VALIDATION']);
      expect(refused.body.errors).toStrictEqual([{ field: 'addresses', message: expect.any(String) }]);
    });

    it('answers none with none', async () => {
      expect((await json({ purpose: 'service', addresses: [] })).body.results).toStrictEqual([]);
    });

    it.each([
      [{ addresses: [] }, 400, 'VALIDATION'],
      [{ purpose: 'newsletter' }, 400, 'VALIDATION'],
      [{ purpose: 'newsletter', addresses: agreed }, 400, 'VALIDATION'],
      [{ purpose: 'newsletter', addresses: [], at: NOW }, 400, 'VALIDATION'],
      [{ purpose: 'profiling', addresses: [agreed] }, 422, 'UNKNOWN_PURPOSE'],
    ])('%j is %i', async (body, status, code) => {
      const reply = await json(body);
      expect([reply.status, reply.body.code]).toStrictEqual([status, code]);
    });
  });

  describe('as NDJSON', () => {
    const text = known.map(([address]) => `${JSON.stringify(address)}\n`).join('');
    const expected = known.map(([, result]) => result);

    const ndjson = (raw: string | Uint8Array | ReadableStream, purpose = 'newsletter') =>
      service.request('POST', `/v1/eligibility/batch?purpose=${purpose}`, {
        raw,
        headers: { 'Content-Type': 'application/x-ndjson' },
      });

    it('answers a line with a line, in the order asked', async () => {
      const { status, headers, text: answer } = await ndjson(text);
      expect([status, headers.get('content-type')]).toStrictEqual([200, 'application/x-ndjson; charset=utf-8']);
      expect(answer.endsWith('\n')).toBe(true);
      expect(linesOf(answer)).toStrictEqual(expected);
    });

    it.each([1, 2, 3, 7])(
      'does not mind where a line is split, also inside a letter: %i bytes at a time',
      async (size) => {
        const bytes = new TextEncoder().encode(text);
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(linesOf((await ndjson(ReadableStream.from(pieces))).text)).toStrictEqual(expected);
      },
    );

    it('needs no end of the last line, leaves blank lines out, and takes Windows ends of line', async () => {
      const { text: answer } = await ndjson(`"${agreed}"\r\n\r\n\n   \n"${left}"`);
      expect(linesOf(answer)).toStrictEqual([yes, optedOut]);
    });

    it('takes a line that is no JSON text for an invalid address, and goes on', async () => {
      const { text: answer } = await ndjson(`${agreed}\n{"address":"${agreed}"}\nnull\n"${agreed}"\n`);
      expect(linesOf(answer)).toStrictEqual([noAddress, noAddress, noAddress, yes]);
    });

    it('answers an empty body with nothing', async () => {
      const { status, text: answer } = await ndjson('');
      expect([status, answer]).toStrictEqual([200, '']);
    });

    it('refuses a purpose that is missing with 400, one that the policy lacks with 422', async () => {
      const missing = await service.request('POST', '/v1/eligibility/batch', {
        raw: text,
        headers: { 'Content-Type': 'application/x-ndjson' },
      });
      expect([missing.status, missing.body.errors[0].field]).toStrictEqual([400, 'purpose']);
      const unknown = await ndjson(text, 'profiling');
      expect([unknown.status, unknown.body.code]).toStrictEqual([422, 'UNKNOWN_PURPOSE']);
    });

    it('answers more addresses than a JSON batch takes, none missing, none twice', async () => {
      const many = 30_000;
      const addresses = Array.from({ length: many }, (_, index) => known[index % known.length]![0]);
      const { text: answer } = await ndjson(addresses.map((address) => `${JSON.stringify(address)}\n`).join(''));
      expect(linesOf(answer)).toStrictEqual(addresses.map((_, index) => known[index % known.length]![1]));
    });

    it('answers a line before the next one is sent', async () => {
      const { stream, answer } = openStream(service);
      const lines = readLines(answer);
      for (const [address, result] of known) {
        stream.write(`${JSON.stringify(address)}\n`);
        expect((await lines.next()).value).toStrictEqual(result);
      }
      stream.end();
      expect((await lines.next()).done).toBe(true);
    });

    it('a sender who leaves in the middle takes nobody along', async () => {
      for (let caller = 0; caller < 5; caller++) {
        const { stream, answer } = openStream(service);
        stream.write(`"${agreed}"\n"half an addr`);
        expect((await readLines(answer).next()).value).toStrictEqual(yes);
        stream.destroy();
        await once(stream, 'close');
      }
      expect((await service.get('/health/ready')).body.status).toBe('ok');
      expect(linesOf((await ndjson(text)).text)).toStrictEqual(expected);
    });

    it('a line without end ends the stream, not the service', async () => {
      const { stream, answer } = openStream(service);
      stream.on('error', () => undefined);
      stream.write(`"${agreed}"\n"${'a'.repeat(200_000)}`);
      const cut = await answer;
      await new Promise((resolve) =>
        cut
          .once('error', () => undefined)
          .once('close', resolve)
          .resume(),
      );
      expect(cut.complete).toBe(false);
      expect((await service.get('/health/live')).status).toBe(200);
    });

    it('reads on no faster than its answers are taken', async () => {
      const many = 600_000;
      const { stream, answer } = openStream(service);
      const before = await verdictsGiven(service);
      const block = `"nobody@example.org"\n`.repeat(1_000);
      let sent = 0;
      const send = () => {
        while (sent < many) {
          sent += 1_000;
          if (!stream.write(block)) return void stream.once('drain', send);
        }
        stream.end();
      };
      send();

      let judged = -1;
      await eventually(async () => {
        const now = (await verdictsGiven(service)) - before;
        const last = judged;
        judged = now;
        if (now === 0 || now !== last) throw new Error(`It reads on: ${now} answers.`);
      });
      expect(judged).toBeLessThan(many / 2);

      let taken = 0;
      for await (const result of readLines(answer)) {
        taken++;
        if (result.reason !== 'UNKNOWN_CONTACT') throw new Error(`Answer ${taken} is ${result.reason}.`);
      }
      expect(taken).toBe(many);
    });
  });
});

/** A batch whose lines are sent, and whose answers are read, as a test pleases. */
function openStream(service: TestService): { stream: ClientRequest; answer: Promise<IncomingMessage> } {
  const stream = httpRequest(new URL('/v1/eligibility/batch?purpose=newsletter', service.url), {
    method: 'POST',
    headers: { Authorization: `Bearer ${ADMIN_KEY}`, 'Content-Type': 'application/x-ndjson' },
  });
  return { stream, answer: once(stream, 'response').then(([answer]) => answer) };
}

async function* readLines(answer: Promise<IncomingMessage>): AsyncGenerator<any> {
  let rest = '';
  for await (const chunk of await answer) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}

async function verdictsGiven(service: TestService): Promise<number> {
  const { text } = await service.get('/metrics');
  return Number(/^consent_ledger_verdicts_total\{reason="UNKNOWN_CONTACT"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

function linesOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
