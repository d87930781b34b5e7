import type { Child } from './child.js';
import { post, runLoad } from './load.js';
import { addressOf, shuffled } from './population.js';
import { KEY } from './service.js';
import { CONNECTIONS } from './sizes.js';

/** Opt-ins over HTTP as fast as they are answered. */
export interface OptInLoad {
  /** Opt-ins a second of contacts that the service has never heard of, over `seconds`. */
  ofNew(seconds: number): Promise<number>;
  /** The same of contacts that were seeded. */
  ofKnown(seconds: number): Promise<number>;
  /** Microseconds of the service's processor that an opt-in took, one figure for each time it was measured. */
  readonly spent: { readonly ofNew: readonly number[]; readonly ofKnown: readonly number[] };
}

/** The load for a service whose log was seeded with `contacts`. */
export function openOptInLoad(service: Child, contacts: number): OptInLoad {
  let recorded = contacts;
  let repeated = 0;
  const spent = { ofNew: [] as number[], ofKnown: [] as number[] };
  const processor = async () => (await service.ask('processor'))['microseconds']!;
  const record = async (of: keyof typeof spent, seconds: number, next: () => string) => {
    const before = await processor();
    const load = { port: service.ready['port']!, connections: CONNECTIONS, seconds, next };
    const { answers, perSecond } = await runLoad(load);
    spent[of].push(((await processor()) - before) / answers);
    return perSecond;
  };
  return {
    ofNew: (seconds) => record('ofNew', seconds, () => optInOf(addressOf(recorded++), 'newsletter')),
    ofKnown: (seconds) =>
      record('ofKnown', seconds, () => optInOf(addressOf(shuffled(repeated++, contacts)), 'personalised-message')),
    spent,
  };
}

function optInOf(address: string, purpose: string): string {
  return post(
    '/v1/opt-ins',
    KEY,
    JSON.stringify({
      address,
      purposes: [purpose],
      statement: { id: 'signup-form', version: 1, language: 'nl' },
      source: { kind: 'web-form' },
      evidence: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0', url: 'https://shop.example/sign-up' },
    }),
  );
}
