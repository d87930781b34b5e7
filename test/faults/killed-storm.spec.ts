import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { logOf } from '../mail/steps.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(120_000);

const ROUNDS = 2;
const WRITERS = 16;
const CONTACTS = 40;
const PURPOSES = ['newsletter', 'event-invitation'];
/** The tables of the read models that a storm cannot leave empty. */
const MUST_HOLD_ROWS = ['checkpoints', 'policies', 'preferences'];

interface Acknowledged {
  readonly contactId: string;
  readonly revision: number;
  readonly eventId: string;
  readonly type: string;
}

afterEach(cleanUp);

const addressOf = (number: number) => `storm${number}@example.nl`;

/** Opts people in and out until the service is killed, which happens once it has acknowledged so many events. */
async function storm(service: BuiltService, killAfter: number): Promise<Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  const writer = async () => {
    for (;;) {
      const reply = await act(service).catch(() => undefined);
      if (!reply) return;
      const { contactId, revision, recorded } = reply.body;
      for (const event of recorded) acknowledged.push({ contactId, revision, ...event });
      if (acknowledged.length >= killAfter) await service.end('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return acknowledged;
}

function act(service: BuiltService) {
  const address = addressOf(Math.floor(Math.random() * CONTACTS));
  const purposes = PURPOSES.filter(() => Math.random() < 0.7);
  if (Math.random() < 0.5)
    return service.post('/v1/opt-outs', {
      address,
      purposes: purposes.length === 2 ? 'all' : ['newsletter'],
      source: { kind: 'preference-page' },
    });
  return service.post('/v1/opt-ins', {
    address,
    purposes: purposes.length > 0 ? purposes : ['newsletter'],
    statement: { id: 'signup-form', version: 1, language: 'nl' },
    source: { kind: 'web-form' },
  });
}

async function historiesOf(service: BuiltService, contactIds: Iterable<string>) {
  const histories = new Map<string, { revision: number; events: { eventId: string; type: string }[] }>();
  for (const contactId of contactIds)
    histories.set(contactId, (await service.get(`/v1/contacts/${contactId}/history`)).body);
  return histories;
}

/** What the projection answers for every contact and purpose; the instant it was asked at is left out. */
async function verdictsOf(service: BuiltService, consistency: 'projected' | 'strong', minPosition: number) {
  const verdicts: unknown[] = [];
  for (let number = 0; number < CONTACTS; number++)
    for (const purpose of [...PURPOSES, 'service']) {
      const question = { address: addressOf(number), purpose, consistency, minPosition };
      const { eligible, reason, basis, validUntil, evidence } = (await service.post('/v1/eligibility', question)).body;
      verdicts.push({ number, purpose, eligible, reason, basis, validUntil, evidence });
    }
  return verdicts;
}

/** Every row of every table of the read models, as the file holds them. */
function readModelsOf(directory: string): Record<string, unknown[]> {
  const db = new Database(join(directory, 'read-models.sqlite'), { readonly: true });
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all();
  const rows = Object.fromEntries(
    tables.map((table) => [table, db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()]),
  );
  db.close();
  return rows;
}

function expectUnbroken(events: Awaited<ReturnType<typeof logOf>>): void {
  const next = new Map<string, number>();
  for (const { streamId, revision } of events) {
    expect([streamId, revision]).toStrictEqual([streamId, next.get(streamId) ?? 0]);
    next.set(streamId, revision + 1);
  }
}

describe('a service that is killed in a storm of opt-ins and opt-outs', () => {
  it('has every event that it acknowledged, unbroken, and projects what a fold from nothing gives (law 5)', async () => {
    const directory = await newDirectory();
    const acknowledged: Acknowledged[] = [];
    for (let round = 0; round < ROUNDS; round++)
      acknowledged.push(...(await storm(await startBuilt(directory), 150 + Math.floor(Math.random() * 150))));

    const service = await startBuilt(directory);
    const histories = await historiesOf(service, new Set(acknowledged.map(({ contactId }) => contactId)));
    for (const { contactId, eventId, type } of acknowledged)
      expect(histories.get(contactId)!.events).toContainEqual(expect.objectContaining({ eventId, type }));
    for (const { revision, events } of histories.values()) expect(events).toHaveLength(revision + 1);

    const { body } = await service.post('/v1/eligibility', { address: addressOf(0), purpose: 'newsletter' });
    const projected = await verdictsOf(service, 'projected', body.position);
    expect(projected).toStrictEqual(await verdictsOf(service, 'strong', body.position));

    await service.end('SIGTERM');
    const events = await logOf(service);
    expectUnbroken(events);
    for (const { contactId, revision, eventId } of acknowledged) {
      const at = events.findIndex(({ id }) => id === eventId);
      expect(events[at]).toMatchObject({ streamId: `contact-${contactId}` });
      expect(events[at]!.revision).toBeLessThanOrEqual(revision);
    }

    const grown = readModelsOf(directory);
    await rm(join(directory, 'read-models.sqlite'));
    const rebuilt = await startBuilt(directory);
    expect(await verdictsOf(rebuilt, 'projected', body.position)).toStrictEqual(projected);
    await rebuilt.end('SIGTERM');
    expect(readModelsOf(directory)).toStrictEqual(grown);
    expect(MUST_HOLD_ROWS.filter((table) => !grown[table]?.length)).toStrictEqual([]);
  });
});
