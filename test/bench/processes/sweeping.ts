import { openLedger, SettleDue } from '@consent-ledger/application';
import { createLogger, readConfiguration, systemClock } from '@consent-ledger/platform';
import { Worker } from '@consent-ledger/worker';
import { answer } from './answering.js';

let now = systemClock().now();
const ledger = await openLedger({
  configuration: readConfiguration(process.env),
  logger: createLogger('warn'),
  clock: { now: () => now },
  publicUrl: 'http://127.0.0.1',
});
await ledger.start();

const startedAt = performance.now();
while (ledger.dueDates.index.review(1_000)) continue;
const reviewed = ledger.dueDates.view.count() / ((performance.now() - startedAt) / 1000);

/** Lets a worker record all that is due by the moment that the clock stands at. */
async function sweep() {
  const { store, vault, policies, clock, metrics, dueDates, logger } = ledger;
  const noMail = { request: () => Promise.resolve('no-address' as const) };
  const noStrangers = { sweep: () => Promise.resolve({ destroyed: 0 }) };
  const settleDue = new SettleDue(store, vault, policies, clock, metrics, noMail);
  const start = performance.now();
  let first: number | undefined;
  const timed = {
    async settle(contactId: string, until: number) {
      const count = await settleDue.settle(contactId, until);
      first ??= performance.now() - start;
      return count;
    },
  };
  const events = await new Worker({
    name: 'alone',
    dueDates,
    settleDue: timed,
    eraseStrangers: noStrangers,
    clock,
    logger,
  }).settleDue();
  return { events, firstMs: first ?? 0, perSecond: events / ((performance.now() - start) / 1000) };
}

/** Reads the index rows that are due, and nothing else. */
function read() {
  const due = ledger.readModels.db.prepare<[number], unknown[]>('SELECT * FROM due_dates WHERE due_at <= ?').raw();
  const start = performance.now();
  const rows = due.all(now).length;
  return { events: rows, perSecond: rows / ((performance.now() - start) / 1000) };
}

answer(
  { reviewed },
  {
    tomorrow: () => {
      now += 86_400_000;
      return {};
    },
    read,
    sweep,
  },
);
