import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fillIn, startWithRoutes, type Route } from '../support/routes.js';
import { ADMIN_KEY, type TestService } from '../support/service.js';
import { settled, storedBy } from '../support/stored.js';

const withKey = { Authorization: `Bearer ${ADMIN_KEY}` };
/** What a scanner might bring along: the words of an opt-out, where only a body may say them. */
const WORDS = 'List-Unsubscribe=One-Click&scope=all&undo=1&answer.newsletter=no';

describe('GET, HEAD and OPTIONS on every route that the router has', () => {
  let service: TestService;
  let routes: readonly Route[];
  let paths: ReadonlyMap<string, string>;

  beforeAll(async () => {
    ({ service, routes } = await startWithRoutes());
    const pathOf = await fillIn(service);
    paths = new Map(routes.map(({ url }) => [url, pathOf(url)]));
  });
  afterAll(() => service.stop());

  async function send(method: string, path: string, headers: Readonly<Record<string, string>> = withKey) {
    const response = await fetch(new URL(path, service.url), { method, headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  const has = (method: string, url: string) => routes.some((route) => route.method === method && route.url === url);

  it('change nothing: not an event, not a key, not a row of a read model, not a mail (P4)', async () => {
    const before = await settled(service);
    for (const path of paths.values())
      for (const method of ['GET', 'HEAD', 'OPTIONS'])
        for (const headers of [{}, withKey]) {
          await send(method, path, headers);
          await send(method, `${path}?${WORDS}`, headers);
        }
    expect(await storedBy(service)).toStrictEqual(before);
    expect(await settled(service)).toStrictEqual(before);
  });

  it('reach what they ask for: a GET that the router has answers 200', async () => {
    const answers = await Promise.all(
      [...paths].filter(([url]) => has('GET', url)).map(async ([url, path]) => [url, (await send('GET', path)).status]),
    );
    expect(answers.length).toBeGreaterThan(20);
    expect(answers.filter(([, status]) => status !== 200)).toStrictEqual([]);
  });

  it('answer a HEAD as the GET, without a body', async () => {
    for (const [url, path] of [...paths].filter(([known]) => has('GET', known))) {
      const [get, head] = [await send('GET', path), await send('HEAD', path)];
      expect([url, head.status, head.text]).toStrictEqual([url, get.status, '']);
      expect([url, head.headers.get('content-type')]).toStrictEqual([url, get.headers.get('content-type')]);
    }
  });

  it('answer OPTIONS with 204 and the methods that the route has, to anybody', async () => {
    for (const [url, path] of paths) {
      const methods = routes.filter((route) => route.url === url).map(({ method }) => method);
      const { status, headers, text } = await send('OPTIONS', path, {});
      expect([url, status, text]).toStrictEqual([url, 204, '']);
      expect([url, headers.get('allow')]).toStrictEqual([url, methods.sort().join(', ')]);
    }
  });
});
