import { eventually, type Reply } from '../support/service.js';
import type { Asking } from './prober.js';
import type { Acknowledged } from './replayed-log.js';

const WRITERS = 6;

/** People who opt in and out all the while, at apis that may die under them. */
export interface Storm {
  readonly acknowledged: readonly Acknowledged[];
  /** Resolves once so many more acts were acknowledged. */
  more(acts: number): Promise<void>;
  stop(): Promise<void>;
}

/** Begins a storm; who acts how is the same for the same seed. What was not acknowledged is not tried again. */
export function storm(apis: () => readonly Asking[], addresses: readonly string[], seed: number): Storm {
  const acknowledged: Acknowledged[] = [];
  let isOver = false;
  const acting = async (writer: number) => {
    const random = seeded(seed + writer);
    for (let turn = writer; !isOver; turn += 1) {
      const address = addresses[Math.floor(random() * addresses.length)]!;
      const asked = apis();
      const reply = await act(asked[turn % asked.length]!, address, random() < 0.5).catch(() => undefined);
      if (reply?.status !== 201) continue;
      const { contactId, position, recorded } = reply.body;
      acknowledged.push({ at: Date.now(), contactId, position, recorded });
    }
  };
  const over = Promise.all(Array.from({ length: WRITERS }, (_, writer) => acting(writer)));
  return {
    acknowledged,
    async more(acts) {
      const wanted = acknowledged.length + acts;
      await eventually(() => {
        if (acknowledged.length < wanted) throw new Error(`${acknowledged.length} acts of ${wanted} are acknowledged.`);
      }, 60);
    },
    async stop() {
      isOver = true;
      await over;
    },
  };
}

function act(api: Asking, address: string, optsIn: boolean): Promise<Reply> {
  const purposes = ['newsletter'];
  if (!optsIn) return api.post('/v1/opt-outs', { address, purposes, source: { kind: 'preference-page' } });
  const statement = { id: 'signup-form', version: 1, language: 'nl' };
  return api.post('/v1/opt-ins', { address, purposes, statement, source: { kind: 'web-form' } });
}

/** Numbers in [0, 1), the same for the same seed: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
