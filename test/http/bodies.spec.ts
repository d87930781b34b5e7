import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { optIn, verdictOf } from '../mail/steps.js';
import { signedPath } from '../recipients/pages.js';
import { startService, type TestService } from '../support/service.js';

const KIB = 1024;

describe('a body that is made to do harm', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.stop());

  const json = (path: string, raw: string) =>
    service.request('POST', path, { raw, headers: { 'Content-Type': 'application/json' } });
  const spaces = (bytes: number) => `${' '.repeat(bytes - 2)}{}`;

  it.each([
    ['/v1/opt-outs', 64 * KIB],
    ['/v1/opt-ins', 64 * KIB],
    ['/v1/eligibility', 64 * KIB],
    ['/v1/contacts/lookup', 64 * KIB],
    ['/v1/policies', KIB * KIB],
    ['/v1/simulations', KIB * KIB],
    ['/v1/mailings', 4 * KIB * KIB],
    ['/v1/eligibility/batch', 4 * KIB * KIB],
  ])('POST %s reads %i bytes, and not one more', async (path, bytes) => {
    expect((await json(path, spaces(bytes))).status).not.toBe(413);
    const { status, body } = await json(path, spaces(bytes + 1));
    expect([status, body.code]).toStrictEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  it('of a thousand parts opts out like any other, and holds nobody up (P4)', async () => {
    const contactId = await optIn(service, 'delen@example.org');
    const path = await signedPath(service, { kind: 'unsubscribe', contactId, purpose: 'newsletter' });
    const part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n';
    const raw = `${part.repeat(1000)}--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n`;
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
    const { status, text } = await service.request('POST', path, { key: null, raw, headers });
    expect([status, text]).toStrictEqual([200, 'Unsubscribed\n']);
    expect(await verdictOf(service, 'delen@example.org')).toMatchObject({ reason: 'OPTED_OUT' });
  });

  it.each([
    ['deep', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['with a prototype in it', '{"__proto__": {"purposes": "all"}}'],
    ['with a constructor in it', '{"constructor": {"prototype": {"purposes": "all"}}}'],
  ])('of JSON %s is 400, and the service lives on', async (_, raw) => {
    expect((await json('/v1/opt-outs', raw)).status).toBe(400);
    expect((await service.get('/health/live')).status).toBe(200);
  });

  it('with headers of more than 16 KiB is refused before it is read', async () => {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST /v1/opt-outs HTTP/1.1\r\nHost: x\r\nX-Filler: ${'x'.repeat(20 * KIB)}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 431 /);
  });
});
