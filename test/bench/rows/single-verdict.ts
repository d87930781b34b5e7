import { startChild } from '../child.js';
import { post, runLoad, type Loaded } from '../load.js';
import { addressOf, shuffled } from '../population.js';
import { median, rateLine, type Line, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { KEY, startService } from '../service.js';
import { CONNECTIONS } from '../sizes.js';

const PATH = '/v1/eligibility';
const RATE = 0.6;
const P99 = 2;

/** One question a request, against a bare Fastify route that parses and answers bodies of the same size. */
export const singleVerdict: Row = {
  name: 'single',
  about: 'a single verdict over HTTP, 64 connections; floor: a bare Fastify route with bodies of the same size',
  async measure({ rounds, seconds, contacts }, directory) {
    await seedLog(directory, contacts);
    const service = await startService(directory);
    const bare = await startChild('bare-fastify', { SAMPLE_ANSWER: await sampleAnswer(service.ready['port']!) });
    const requests = Array.from({ length: contacts }, (_, n) => questionOf(addressOf(shuffled(n, contacts))));
    let asked = 0;
    const ask = (port: number, duration: number) =>
      runLoad({
        port,
        connections: CONNECTIONS,
        seconds: duration,
        awake: true,
        next: () => requests[asked++ % requests.length],
      });

    const ours: Loaded[] = [];
    const floor: Loaded[] = [];
    for (const { ready } of [bare, service]) await ask(ready['port']!, Math.min(2, seconds));
    for (let round = 0; round < rounds; round++) {
      floor.push(await ask(bare.ready['port']!, seconds));
      ours.push(await ask(service.ready['port']!, seconds));
    }
    await Promise.all([service.stop(), bare.stop()]);
    return [
      rateLine('single verdict', 'requests', rates(ours), rates(floor), RATE),
      latencyLine(
        ours.map(({ p99 }) => p99),
        floor.map(({ p99 }) => p99),
      ),
    ];
  },
};

function questionOf(address: string): string {
  return post(PATH, KEY, JSON.stringify({ address, purpose: 'newsletter' }));
}

async function sampleAnswer(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ address: addressOf(1), purpose: 'newsletter' }),
  });
  return answer.text();
}

function rates(loads: readonly Loaded[]): number[] {
  return loads.map(({ perSecond }) => perSecond);
}

function latencyLine(ours: number[], floor: number[]): Line {
  const ratio = median(ours) / median(floor);
  return {
    name: 'single verdict, p99',
    ours: `${median(ours).toFixed(2)} ms`,
    floor: `${median(floor).toFixed(2)} ms`,
    ratio,
    target: { text: `≤ ${P99}`, met: ratio <= P99 },
  };
}
