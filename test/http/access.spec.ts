import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiKeys } from '@consent-ledger/application';
import type { EventStore } from '@consent-ledger/event-store';
import { scopes, systemClock, type Scope } from '@consent-ledger/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { logOf } from '../mail/steps.js';
import { confirmationFromMail, linkFromMail, signedPath } from '../recipients/pages.js';
import { promptLink } from '../recipients/prompts.js';
import { operations } from '../support/open-api.js';
import { openLogOf } from '../support/engines.js';
import { ADMIN_KEY, eventually, startService, type TestService } from '../support/service.js';

interface Operation {
  readonly method: string;
  readonly path: string;
  /** The scopes of `x-scope`, of which one will do, `any key`, or `open`. */
  readonly access: readonly Scope[] | 'any key' | 'open';
  readonly ndjson: boolean;
}

const all: [name: string, operation: Operation][] = operations().map(({ method, path, operation }) => {
  const { security, 'x-scope': scope, requestBody } = operation as any;
  const access = security?.length === 0 ? 'open' : scope === undefined ? 'any key' : [scope].flat();
  const ndjson = requestBody?.content?.['application/json'] === undefined;
  return [`${method} ${path}`, { method, path, access, ndjson }];
});
const shut = all.filter(([, { access }]) => access !== 'open');
const scoped = shut.flatMap(([name, operation]): [string, Operation, readonly Scope[]][] =>
  typeof operation.access === 'string' ? [] : [[name, operation, operation.access]],
);
const sets = [...new Map(scoped.map(([, , wanted]) => [String(wanted), wanted])).values()];
/** Pages that change nothing: a browser may send the key as a password. */
const inBrowser = new Set(['GET /v1/templates/{id}/preview']);
const open = all.filter(([, { access, method }]) => access === 'open' && method === 'GET');

describe('who may call what', () => {
  let service: TestService;
  let store: EventStore;
  let apiKeys: ApiKeys;
  const keys = new Map<string, { keyId: string; key: string }>();
  /** What a path's parameters stand for: things that exist, so that a call could change them. */
  let links: {
    readonly unsubscribe: string;
    readonly confirm: string;
    readonly reconsent: string;
    readonly preferences: string;
    readonly contactId: string;
  };

  beforeAll(async () => {
    service = await startService();
    store = await openLogOf(service.directory);
    const none = { findByHash: () => undefined, list: () => [] };
    apiKeys = new ApiKeys(store, systemClock(), none, undefined);
    for (const scope of scopes) await makeKey(`only ${scope}`, [scope]);
    for (const wanted of sets)
      await makeKey(
        `all but ${String(wanted)}`,
        scopes.filter((scope) => !wanted.includes(scope)),
      );
    const unsubscribe = await linkFromMail(service, 'lezer@example.org');
    const confirm = await confirmationFromMail(service, 'wacht@example.org');
    const reconsent = await promptLink(service, 'vraag@example.org');
    const { contactId } = (await service.post('/v1/contacts/lookup', { address: 'wacht@example.org' })).body;
    const expiresAt = Date.now() + 60 * 60_000;
    const preferences = await signedPath(service, { kind: 'preferences', contactId, expiresAt });
    links = { unsubscribe, confirm, reconsent, preferences, contactId };
  });
  afterAll(async () => {
    await store.close();
    await service.stop();
  });

  async function makeKey(name: string, wanted: readonly Scope[]): Promise<void> {
    const made = await apiKeys.create(name, wanted);
    keys.set(name, made);
    await eventually(async () => {
      if ((await service.get('/openapi.json', { key: made.key })).status !== 200) throw new Error('Not known yet.');
    });
  }

  const keyOf = (name: string) => keys.get(name)!.key;

  /** A path with its parameters filled in. */
  function real(path: string): string {
    if (path.startsWith('/u/')) return links.unsubscribe;
    if (path.startsWith('/confirm/')) return links.confirm;
    if (path.startsWith('/reconsent/')) return links.reconsent;
    if (path.startsWith('/preferences/')) return links.preferences;
    return path.replace('{contactId}', links.contactId).replace('{id}', 'spring-2026');
  }

  function call({ method, path, ndjson }: Operation, key: string | null, headers = {}) {
    if (method === 'GET') return service.get(real(path), { key, headers });
    const type = ndjson ? 'application/x-ndjson' : 'application/json';
    return service.request(method, real(path), {
      key,
      raw: ndjson ? '' : '{}',
      headers: { 'Content-Type': type, ...headers },
    });
  }

  it.each(shut)('%s without a key is 401, and says how to send one', async (_, operation) => {
    const { status, headers, body } = await call(operation, null);
    expect([status, body.code]).toStrictEqual([401, 'UNAUTHENTICATED']);
    expect(headers.get('www-authenticate')).toMatch(/^(Bearer$|Basic realm=)/);
  });

  it.each(shut)('%s with a key that is unknown is 401', async (_, operation) => {
    expect((await call(operation, `${ADMIN_KEY}x`)).status).toBe(401);
  });

  it.each(scoped)('%s with every scope but its own is 403, and names that one', async (_, operation, wanted) => {
    const { status, body } = await call(operation, keyOf(`all but ${String(wanted)}`));
    expect([status, body.code]).toStrictEqual([403, 'FORBIDDEN']);
    for (const scope of wanted) expect(body.detail).toContain(`"${scope}"`);
  });

  it.each(scoped)('%s with its own scope alone is let through', async (_, operation, wanted) => {
    for (const scope of wanted)
      expect([401, 403]).not.toContain((await call(operation, keyOf(`only ${scope}`))).status);
  });

  it.each(shut.filter(([, { access }]) => access === 'any key'))('%s takes any valid key', async (_, operation) => {
    for (const scope of scopes) expect((await call(operation, keyOf(`only ${scope}`))).status).toBe(200);
  });

  it.each(open)('%s needs no key, and does not mind one that is wrong', async (_, operation) => {
    expect((await call(operation, null)).status).toBe(200);
    expect((await call(operation, 'wrong')).status).toBe(200);
  });

  describe('Basic', () => {
    const basic = (password: string) => ({
      key: null,
      headers: { Authorization: `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}` },
    });

    it.each(['/docs', '/openapi.json'])(
      'opens %s with a key as the password, and a browser is asked for it',
      async (path) => {
        expect((await service.get(path, basic(keyOf('only record')))).status).toBe(200);
        expect((await service.get(path, basic('wrong'))).status).toBe(401);
        expect((await service.get(path, { key: null })).headers.get('www-authenticate')).toMatch(/^Basic realm=/);
      },
    );

    it.each(scoped.filter(([name]) => inBrowser.has(name)))(
      'opens %s with its scope, and with no other',
      async (_, operation, wanted) => {
        for (const scope of wanted)
          expect((await call(operation, null, basic(keyOf(`only ${scope}`)).headers)).status).toBe(404);
        expect((await call(operation, null, basic(keyOf(`all but ${String(wanted)}`)).headers)).status).toBe(403);
      },
    );

    it.each(scoped.filter(([name]) => !inBrowser.has(name)))('does not open %s', async (_, operation) => {
      const reply = await call(operation, null, basic(ADMIN_KEY).headers);
      expect([reply.status, reply.headers.get('www-authenticate')]).toStrictEqual([401, 'Bearer']);
    });
  });

  it.each([
    'Bearer',
    'Bearer ',
    `Token ${ADMIN_KEY}`,
    ADMIN_KEY,
    `Bearer ${ADMIN_KEY} x`,
    'Basic !',
    `Bearer: ${ADMIN_KEY}`,
  ])('an Authorization header such as %j is 401', async (Authorization) => {
    expect((await service.get('/v1/policies', { key: null, headers: { Authorization } })).status).toBe(401);
  });

  it('a key that is revoked opens nothing any more', async () => {
    await makeKey('for a day', ['history']);
    const { keyId, key } = keys.get('for a day')!;
    expect((await service.get('/v1/policies', { key })).status).toBe(200);
    await apiKeys.revoke(keyId);
    await eventually(async () => {
      expect((await service.get('/v1/policies', { key })).status).toBe(401);
    });
  });

  it('keys still count after a restart, and nothing on disk holds one', async () => {
    await service.restart();
    expect((await service.get('/v1/policies', { key: keyOf('only history') })).status).toBe(200);
    const names = await readdir(service.directory);
    const files = names.filter((name) => name.includes('.'));
    expect(files).toEqual(expect.arrayContaining(['log.sqlite', 'read-models.sqlite']));
    for (const file of files) {
      const bytes = await readFile(join(service.directory, file));
      for (const { key } of keys.values()) expect([file, bytes.includes(key)]).toStrictEqual([file, false]);
      expect([file, bytes.includes(ADMIN_KEY)]).toStrictEqual([file, false]);
    }
  });

  it('no event of the log holds a key', async () => {
    const events = JSON.stringify(await logOf(service));
    expect(events).toContain(keys.get('only history')!.keyId);
    for (const { key } of [...keys.values(), { key: ADMIN_KEY }]) expect(events.includes(key)).toBe(false);
  });

  it('what a key recorded bears the id of the key', async () => {
    const fact = { address: 'sleutel@example.org', purposes: 'all', source: { kind: 'phone', reference: 'T-1' } };
    const { contactId } = (await service.post('/v1/opt-outs', fact, { key: keyOf('only record') })).body;
    const { body } = await service.get(`/v1/contacts/${contactId}/history`, { key: keyOf('only history') });
    expect(body.events[0].actor).toStrictEqual({ kind: 'agent', id: keys.get('only record')!.keyId });
  });
});
