import { createMemoryEventStore, START, type EventStore } from '@consent-ledger/event-store';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { handleEvents } from './handling.js';
import { openReadModels, type ReadModels } from './read-models.js';
import { PreferencesProjection } from './preferences/preferences.projection.js';
import { PreferencesView } from './preferences/preferences.view.js';
import { resetForeign } from './same-log.js';

const contact = 'a'.repeat(26);

async function logWith(...ids: string[]): Promise<EventStore> {
  const store = createMemoryEventStore();
  const metadata = { occurredAt: '2026-01-01T00:00:00.000Z', recordedAt: '2026-01-01T00:00:00.000Z', schemaVersion: 1 };
  for (const [index, id] of ids.entries())
    await store.append(`contact-${contact}`, index - 1, [{ id, type: 'ContactMade', data: {}, metadata }]);
  return store;
}

describe('read models beside a log', () => {
  let readModels: ReadModels;
  let preferences: PreferencesProjection;

  beforeEach(async () => {
    readModels = openReadModels(':memory:');
    preferences = new PreferencesProjection(readModels);
    const events = await (await logWith('one', 'two')).readAll(START, 10);
    handleEvents(readModels, new Map([[preferences, readModels.openCheckpoint(preferences)]]), events);
  });
  afterEach(() => readModels.close());

  const known = () => new PreferencesView(readModels).count();

  it.each([
    ['the log that they were built from', ['one', 'two'], false],
    ['that log, grown since', ['one', 'two', 'three'], false],
    ['an older copy of it', ['one'], true],
    ['an older copy that has grown as far again', ['one', 'other'], true],
    ['an empty log', [], true],
  ])('%s', async (_sentence, ids, foreign) => {
    expect(await resetForeign(await logWith(...ids), readModels, [preferences])).toStrictEqual(
      foreign ? [preferences] : [],
    );
    expect(known()).toBe(foreign ? 0 : 1);
  });

  it('that are new are of any log', async () => {
    readModels.reset(preferences);
    expect(await resetForeign(await logWith('other'), readModels, [preferences])).toStrictEqual([]);
  });
});
