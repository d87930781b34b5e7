import diagnostics from 'node:diagnostics_channel';
import { erasure, given, optIn as consent } from '../http/given.js';
import { completed, optIn, startMailing } from '../mail/steps.js';
import { confirmationFromMail, linkFromMail, signedPath, styleSheetOf } from '../recipients/pages.js';
import { promptLink } from '../recipients/prompts.js';
import { startService, type ServiceOptions, type TestService } from './service.js';

const HOUR = 60 * 60_000;

/** A route as the running router has it. */
export interface Route {
  readonly method: string;
  /** The pattern, with its parameters as `:name`. */
  readonly url: string;
}

interface Router {
  addHook(name: 'onRoute', hook: (route: { readonly method: string | string[]; readonly url: string }) => void): void;
}

/** Starts a service and learns its routes from the router itself as they are made: no list of them can be out of date. */
export async function startWithRoutes(options: ServiceOptions = {}): Promise<{
  readonly service: TestService;
  readonly routes: readonly Route[];
}> {
  const routes: Route[] = [];
  const listen = (message: unknown) =>
    (message as { readonly fastify: Router }).fastify.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) routes.push({ method: name, url });
    });
  diagnostics.subscribe('fastify.initialization', listen);
  try {
    return { service: await startService(options), routes };
  } finally {
    diagnostics.unsubscribe('fastify.initialization', listen);
  }
}

/** Puts on record what the parameters of routes can name; answers the path of each pattern. */
export async function fillIn(service: TestService): Promise<(url: string) => string> {
  const unsubscribe = await linkFromMail(service, 'lezer@example.org');
  const confirm = await confirmationFromMail(service, 'wacht@example.org');
  const reconsent = await promptLink(service, 'vraag@example.org');
  const contactId = await optIn(service, 'an@example.org');
  await startMailing(service, { id: 'spring', recipients: [{ address: 'an@example.org' }] });
  await completed(service, 'spring');
  const erased = (await given(service, 'weg@example.org', consent(['newsletter']), erasure('request'))).contactId;
  const things: Readonly<Record<string, string>> = {
    '/u/:token': unsubscribe,
    '/confirm/:token': confirm,
    '/reconsent/:token': reconsent,
    '/preferences/:token': await signedPath(service, { kind: 'preferences', contactId, expiresAt: Date.now() + HOUR }),
    '/v1/contacts/:contactId': `/v1/contacts/${contactId}`,
    '/v1/erasures/:contactId': `/v1/erasures/${erased}`,
    '/v1/mailings/:id': '/v1/mailings/spring',
    '/v1/templates/:id': `/v1/templates/${await templateOnRecord(service)}`,
    '/v1/imports/:id': `/v1/imports/${await importOnRecord(service)}`,
    '/v1/requests/:id': `/v1/requests/${await requestOnRecord(service)}`,
    '/docs/:asset': '/docs/start.js',
    '/assets/:name': await styleSheetOf(service),
  };
  return (url) => {
    if (!url.includes(':')) return url;
    const thing = Object.keys(things).find((pattern) => url === pattern || url.startsWith(`${pattern}/`));
    const path = thing && url.replace(thing, things[thing]!);
    if (path === undefined || path.includes(':'))
      throw new Error(`Say in test/support/routes.ts what stands in the route ${url}, so that it is tried too.`);
    return path;
  };
}

async function templateOnRecord(service: TestService): Promise<string> {
  const { status, text } = await service.post('/v1/templates/lente', {
    kind: 'commercial',
    languages: {
      nl: {
        subject: 'Lente',
        html: '{{#> layout heading="Lente"}}<p>Dag</p>{{/layout}}',
        text: '{{#> layout}}Dag{{/layout}}',
      },
    },
    sample: {},
  });
  if (status !== 201) throw new Error(text);
  return 'lente';
}

async function importOnRecord(service: TestService): Promise<string> {
  const query = 'preset=mailchimp&purposes=newsletter&statement=signup-form%401%3Anl';
  const { status, body, text } = await service.request('POST', `/v1/imports?${query}`, {
    raw: 'Email Address,OPTIN_TIME,UNSUB_TIME\nrij@example.org,2026-02-03 04:05:06,\n',
    headers: { 'Content-Type': 'text/csv' },
  });
  if (status !== 200) throw new Error(text);
  return body.importId;
}

async function requestOnRecord(service: TestService): Promise<string> {
  const source = { kind: 'customer-service', reference: 'T-1' };
  const { status, body, text } = await service.post('/v1/requests', {
    address: 'an@example.org',
    kind: 'access',
    source,
  });
  if (status !== 201) throw new Error(text);
  return body.requestId;
}
