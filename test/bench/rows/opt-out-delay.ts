import { join } from 'node:path';
import { startChild } from '../child.js';
import { startDistributed } from '../distributed.js';
import { openAsker, percentile, post, type Asker } from '../load.js';
import { addressOf } from '../population.js';
import { median, whole, type Line, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { KEY } from '../service.js';

const PROCESSES = 3;
const VERDICTS_EACH = 200;
const LONGEST_MS = 10_000;

/** How soon every api process refuses after one of them has acknowledged an opt-out (P4); it has no floor. */
export const optOutDelay: Row = {
  name: 'opt-out-delay',
  about: `from an opt-out acknowledged by one api process to the refusal by each of ${PROCESSES}, beside ${VERDICTS_EACH} verdicts a second at each`,
  async measure({ contacts, optedOut }, directory) {
    const distributed = await startDistributed(directory, (seeded) => seedLog(seeded, contacts));
    const apis = [];
    for (let number = 0; number < PROCESSES; number++)
      apis.push(await distributed.startApi(join(directory, `api-${number}`)));
    const ports = apis.map(({ ready }) => ready['port']!);
    const load = await startChild('verdict-load', {
      PORTS: ports.join(),
      CONTACTS: String(contacts),
      PER_SECOND_EACH: String(VERDICTS_EACH),
    });
    const recorder = await openAsker(ports[0]!);
    const askers = await Promise.all(ports.map(openAsker));

    const warmUp = Math.ceil(optedOut / 10);
    const plain: Followed[] = [];
    const naming: Followed[] = [];
    for (let number = 0; number < warmUp + optedOut; number++) {
      const first = await followOptOut(recorder, askers, addressOf(2 * number), false);
      const second = await followOptOut(recorder, askers, addressOf(2 * number + 1), true);
      if (number < warmUp) continue;
      plain.push(first);
      naming.push(second);
    }
    for (const asker of [recorder, ...askers]) asker.close();
    await load.stop();
    await Promise.all(apis.map((api) => api.stop()));
    await distributed.stop();
    return [
      ...linesOf('opt-out to refusal everywhere', plain),
      ...linesOf('the same, naming its position', naming, true),
    ];
  },
};

/** What became of an opt-out. */
interface Followed {
  /** Milliseconds from its acknowledgement until each process had answered no. */
  readonly delay: number;
  /** How often a process still answered yes. */
  readonly yes: number;
}

/** Has one process record an opt-out, then asks all of them, over and over, until each refuses. */
async function followOptOut(
  recorder: Asker,
  askers: readonly Asker[],
  address: string,
  naming: boolean,
): Promise<Followed> {
  const optOut = { address, purposes: ['newsletter'], source: { kind: 'customer-service', reference: 'T-1043' } };
  const recorded = JSON.parse(await recorder.ask(post('/v1/opt-outs', KEY, JSON.stringify(optOut)))) as Recorded;
  const acknowledgedAt = performance.now();
  const question = { address, purpose: 'newsletter', ...(naming && { minPosition: recorded.position }) };
  const request = post('/v1/eligibility', KEY, JSON.stringify(question));
  const yes = await Promise.all(askers.map((asker) => yesUntilRefused(asker, request, acknowledgedAt + LONGEST_MS)));
  return { delay: performance.now() - acknowledgedAt, yes: yes.reduce((sum, count) => sum + count, 0) };
}

interface Recorded {
  readonly position: number;
}

async function yesUntilRefused(asker: Asker, request: string, deadline: number): Promise<number> {
  for (let yes = 0; ; yes++) {
    const { eligible } = JSON.parse(await asker.ask(request)) as { eligible: boolean };
    if (!eligible) return yes;
    if (performance.now() > deadline) throw new Error('An opt-out was not known everywhere after ten seconds.');
  }
}

function linesOf(name: string, followed: readonly Followed[], atOnce = false): Line[] {
  const delays = followed.map(({ delay }) => delay);
  const yes = followed.reduce((sum, one) => sum + one.yes, 0);
  const milliseconds = (figure: number) => `${figure.toFixed(1)} ms`;
  return [
    { name: `${name}, median`, ours: milliseconds(median(delays)) },
    { name: `${name}, p99`, ours: milliseconds(percentile(delays, 0.99)) },
    { name: `${name}, max`, ours: milliseconds(Math.max(...delays)) },
    {
      name: `${name}, answered yes`,
      ours: `${whole(yes)} times`,
      ...(atOnce && { target: { text: 'never', met: yes === 0 } }),
    },
  ];
}
