import { setTimeout as delay } from 'node:timers/promises';
import { openAsker, post } from '../load.js';
import { addressOf, shuffled } from '../population.js';
import { KEY } from '../service.js';
import { answer } from './answering.js';

const ports = process.env['PORTS']!.split(',').map(Number);
const contacts = Number(process.env['CONTACTS']);
const everyMs = 1000 / Number(process.env['PER_SECOND_EACH']);
let answered = 0;

/** Asks at an even rate, however long an answer takes; it catches up with what it missed. */
async function askEvenly(port: number): Promise<void> {
  const asker = await openAsker(port);
  const startedAt = performance.now();
  for (let asked = 0; ; asked++) {
    const early = startedAt + asked * everyMs - performance.now();
    if (early > 0) await delay(early);
    const address = addressOf(shuffled(asked, contacts));
    await asker.ask(post('/v1/eligibility', KEY, JSON.stringify({ address, purpose: 'event-invitation' })));
    answered += 1;
  }
}

for (const port of ports) void askEvenly(port);

answer({}, { answered: () => ({ answered }) });
