import 'reflect-metadata';
import { readPolicies, Simulator } from '@consent-ledger/application';
import { evolve, unknownContact, type ContactState } from '@consent-ledger/consent';
import { openSqliteEventStore, type JsonObject } from '@consent-ledger/event-store';
import { systemClock } from '@consent-ledger/platform';
import {
  contactEventOf,
  createPolicyShelf,
  openReadModels,
  PreferencesProjection,
  PreferencesView,
  rebuild,
} from '@consent-ledger/projections';
import Database from 'better-sqlite3';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer } from './answering.js';

type EventRow = [
  position: number,
  streamId: string,
  revision: number,
  id: string,
  type: string,
  data: string,
  metadata: string,
];

const MONTHS = 36;
/** Of this process, on Linux. */
const STATUS = '/proc/self/status';
const shipped = fileURLToPath(new URL('../../../libs/consent/policies/', import.meta.url));
const directory = process.env['DATA_DIR']!;
const log = join(directory, 'log.sqlite');

const store = openSqliteEventStore({ path: log });
const readModels = openReadModels(join(directory, 'read-models.sqlite'));
await rebuild({ store, readModels, projections: [new PreferencesProjection(readModels)] });

const documents = await readPolicies(shipped);
const contacts = new PreferencesView(readModels);
const simulator = new Simulator({
  contacts,
  deliveries: { sentDeliveries: () => [] },
  policies: createPolicyShelf(documents.map((document) => ({ document, publishedAt: 0 }))),
  store,
  clock: systemClock(),
});

/** Folds the stream of every contact, one after the other, and asks nothing of the states. */
function fold(): number {
  const read = (text: string) => JSON.parse(text) as JsonObject;
  const db = new Database(log, { readonly: true });
  const rows = db
    .prepare<[], EventRow>(
      "SELECT * FROM events WHERE stream_id >= 'contact-' AND stream_id < 'contact.' ORDER BY stream_id, revision",
    )
    .raw();
  const startedAt = performance.now();
  let [folded, last] = [0, ''];
  let state: ContactState = unknownContact;
  for (const row of rows.iterate()) {
    const [position, streamId, revision, id, type, data, metadata] = row;
    if (streamId !== last) {
      folded += 1;
      last = streamId;
      state = unknownContact;
    }
    state = evolve(
      state,
      contactEventOf({ id, type, data: read(data), metadata: read(metadata), streamId, revision, position }),
    );
  }
  const seconds = (performance.now() - startedAt) / 1000;
  db.close();
  return folded / seconds;
}

/** Resident memory without the pages of files that are mapped, which the kernel takes back when it needs them. */
function ownMemory(): number {
  const status = existsSync(STATUS) ? readFileSync(STATUS, 'utf8') : '';
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(status) ?? [];
  return kibibytes === undefined ? process.memoryUsage.rss() : Number(kibibytes) * 1024;
}

/** What grows is what the memory of the whole run had over that of its first tenth, in which heap and caches fill. */
async function simulate(): Promise<{ perSecond: number; growth: number }> {
  const tenth = contacts.count() / 10;
  let [atTenth, peak] = [0, 0];
  const startedAt = performance.now();
  const { counts } = await simulator.run(
    { months: MONTHS },
    {
      onProgress(done) {
        peak = Math.max(peak, ownMemory());
        if (done <= tenth) atTenth = peak;
      },
    },
  );
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: counts.contacts / seconds, growth: peak - atTenth };
}

answer({}, { fold: () => ({ perSecond: fold() }), simulate });
