import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fillIn, startWithRoutes, type Route } from '../support/routes.js';
import { ADMIN_KEY, type TestService } from '../support/service.js';

const withKey = { Authorization: `Bearer ${ADMIN_KEY}` };

describe('the headers of every answer on every route that the router has', () => {
  let service: TestService;
  let answers: readonly (readonly [asked: string, response: Response])[];

  beforeAll(async () => {
    let routes: readonly Route[];
    ({ service, routes } = await startWithRoutes({ environment: { PUBLIC_URL: 'https://voorkeuren.example.org' } }));
    const pathOf = await fillIn(service);
    const asked = [
      ...routes.map(({ method, url }) => [method, pathOf(url)] as const),
      ['GET', '/nothing'] as const,
      ['GET', '/u/%E0%A4%A'] as const,
      ['GET', '/u/damaged'] as const,
    ];
    answers = await Promise.all(
      asked.flatMap(([method, path]) =>
        [withKey, {}].map(async (headers) => {
          const response = await fetch(new URL(path, service.url), { method, headers });
          await response.arrayBuffer();
          return [`${method} ${path} ${response.status}`, response] as const;
        }),
      ),
    );
  });
  afterAll(() => service.stop());

  /** Of each answer that lacks it, what it says instead. */
  const lacking = (name: string, wanted: RegExp, among = answers) =>
    among
      .filter(([, { headers }]) => !wanted.test(headers.get(name) ?? ''))
      .map(([asked, { headers }]) => [asked, headers.get(name)]);
  const shown = () => answers.filter(([, { headers }]) => headers.get('content-type')?.startsWith('text/html'));

  it('say that its type is its type, and that only HTTPS will do', () => {
    expect(answers.length).toBeGreaterThan(150);
    expect(lacking('x-content-type-options', /^nosniff$/)).toStrictEqual([]);
    expect(lacking('strict-transport-security', /^max-age=31536000$/)).toStrictEqual([]);
  });

  it('have a policy that runs no script of others, and stand in no other page', () => {
    expect(lacking('content-security-policy', /^default-src 'none';|^default-src 'self';/)).toStrictEqual([]);
    expect(lacking('content-security-policy', /frame-ancestors 'none'|sandbox/)).toStrictEqual([]);
    expect(lacking('content-security-policy', /^(?!.*(script-src|unsafe-eval|https?:|\*)).*$/)).toStrictEqual([]);
  });

  it('let nobody keep what is of a person: only files of the service itself may be kept', () => {
    const kept = lacking('cache-control', /^no-store$/);
    expect(kept.length).toBeGreaterThan(0);
    for (const [asked] of kept) expect(asked).toMatch(/^(GET|HEAD) \/(assets|docs)\//);
  });

  it('of a page tell no other site anything', () => {
    expect(shown().length).toBeGreaterThan(8);
    expect(lacking('referrer-policy', /^no-referrer$/, shown())).toStrictEqual([]);
    expect(lacking('permissions-policy', /camera=\(\)/, shown())).toStrictEqual([]);
    expect(lacking('cross-origin-opener-policy', /^same-origin$/, shown())).toStrictEqual([]);
    expect(lacking('cross-origin-resource-policy', /^same-origin$/, shown())).toStrictEqual([]);
    expect(lacking('x-frame-options', /^DENY$/, shown())).toStrictEqual([]);
  });

  it('name no program and no version', () => {
    expect(answers.filter(([, { headers }]) => headers.has('server') || headers.has('x-powered-by'))).toStrictEqual([]);
  });
});
