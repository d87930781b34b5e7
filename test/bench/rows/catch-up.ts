import { join } from 'node:path';
import { startChild } from '../child.js';
import { startDistributed, type Distributed } from '../distributed.js';
import { runLedger } from '../ledger-program.js';
import { mebibytes, median, rateLine, type Line, type Row } from '../row.js';
import { seedLog } from '../seed.js';

const EVENTS_EACH = 4;
const MOST_ROUNDS = 3;

/** An api process that has nothing builds itself from the log on a server, or from a snapshot. */
export const catchingUp: Row = {
  name: 'catch-up',
  about: 'a new api process until it answers, its log on a server; floor: the adapter alone reading the same log',
  async measure({ rounds, events }, directory) {
    const seed = (seeded: string) => seedLog(seeded, events / EVENTS_EACH, EVENTS_EACH);
    const distributed = await startDistributed(directory, seed);
    const { environment } = distributed;
    const reading = await startChild('reading-log', { LOG_URL: environment.EVENT_STORE_URL });
    const read = async () => (await reading.ask('read'))['perSecond']!;

    await read();
    const [floor, fromNothing]: [number[], Started[]] = [[], []];
    for (let round = 0; round < Math.min(MOST_ROUNDS, rounds); round++) {
      floor.push(await read());
      fromNothing.push(await startNew(distributed, join(directory, `new-${round}`)));
    }

    const snapshot = join(directory, 'snapshot.gz');
    const made = await runLedger(['snapshot', snapshot], join(directory, 'operator'), environment);
    const copied = join(directory, 'copied');
    const restored = await runLedger(['snapshot', snapshot, '--restore'], copied, environment);
    const fromSnapshot = await startNew(distributed, copied);
    await reading.stop();
    await distributed.stop();
    const rates = fromNothing.map(({ seconds }) => events / seconds);
    return [
      rateLine('catch-up from nothing', 'events', rates, floor),
      ...linesOf('catch-up from nothing', fromNothing),
      { name: 'making a snapshot', ours: `${made.toFixed(2)} s` },
      { name: 'putting it in place', ours: `${restored.toFixed(2)} s` },
      ...linesOf('catch-up from a snapshot', [fromSnapshot]),
    ];
  },
};

/** What it took an api process to answer. */
interface Started {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly resident: number;
  readonly highest: number;
}

async function startNew({ startApi }: Distributed, directory: string): Promise<Started> {
  const api = await startApi(directory);
  const ask = async (question: string, figure: string) => (await api.ask(question))[figure]!;
  const started = {
    seconds: api.ready['startedInMs']! / 1000,
    processorSeconds: (await ask('processor', 'microseconds')) / 1e6,
    resident: await ask('rss', 'bytes'),
    highest: await ask('highest', 'bytes'),
  };
  await api.stop();
  return started;
}

function linesOf(name: string, rounds: readonly Started[]): Line[] {
  const middle = (figure: keyof Started) => median(rounds.map((round) => round[figure]));
  return [
    { name: `${name}, until ready`, ours: `${middle('seconds').toFixed(2)} s` },
    { name: `${name}, processor`, ours: `${middle('processorSeconds').toFixed(2)} s` },
    { name: `${name}, memory once ready`, ours: mebibytes(middle('resident')) },
    { name: `${name}, memory at most`, ours: mebibytes(Math.max(...rounds.map(({ highest }) => highest))) },
  ];
}
