import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from '../support/service.js';

/** An api as who sends mail sees it. */
export interface Asking {
  post(path: string, body: unknown): Promise<Reply>;
}

/** What an api answered to "may I send this?", and between which instants. */
export interface Asked {
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly consistency: 'projected' | 'strong';
  readonly contactId: string;
  readonly purpose: string;
  readonly eligible: boolean;
  readonly reason: string;
  /** The moment that was judged, in epoch milliseconds. */
  readonly at: number;
  /** The position of the log that the answer names. */
  readonly position: number;
}

export interface Prober {
  /** What was answered so far; questions that got no answer are not among it. */
  readonly answers: readonly Asked[];
  stop(): Promise<void>;
}

/** Milliseconds between two questions: the machine has other work to do. */
const PACE = 5;

/** Asks the apis in turn about everybody in turn, by the projection and by the log itself, until it is stopped. */
export function probe(apis: () => readonly Asking[], addresses: readonly string[], purpose = 'newsletter'): Prober {
  const answers: Asked[] = [];
  let isOver = false;
  const asking = async (consistency: Asked['consistency']) => {
    for (let turn = 0; !isOver; turn += 1) {
      const asked = apis();
      const api = asked[turn % asked.length];
      const address = addresses[turn % addresses.length];
      const answer = api && address && (await askOnce(api, { address, purpose, consistency }));
      if (answer) answers.push(answer);
      await delay(PACE);
    }
  };
  const over = Promise.all([asking('projected'), asking('strong')]);
  return {
    answers,
    async stop() {
      isOver = true;
      await over;
    },
  };
}

/** One question; `undefined` where it got no answer. */
export async function askOnce(
  api: Asking,
  question: { readonly address: string; readonly purpose: string; readonly consistency: Asked['consistency'] },
): Promise<Asked | undefined> {
  const askedAt = Date.now();
  const reply = await api.post('/v1/eligibility', question).catch(() => undefined);
  if (reply?.status !== 200) return undefined;
  const { contactId, purpose, eligible, reason, at, position } = reply.body;
  const { consistency } = question;
  return {
    askedAt,
    answeredAt: Date.now(),
    consistency,
    contactId,
    purpose,
    eligible,
    reason,
    at: Date.parse(at),
    position,
  };
}
