import { createMemoryEventStore } from '@consent-ledger/event-store';
import { ConfigurationError } from '@consent-ledger/platform';
import { createContactIds } from '@consent-ledger/privacy';
import { createDrivenClock, createInterruptibleStore } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { requireSamePepper } from './same-pepper.js';

const clock = createDrivenClock('2026-01-01T00:00:00Z');
const contactIds = createContactIds(Buffer.alloc(32, 'pepper'));

describe('the pepper of a log', () => {
  it('is remembered by a new log, and is the same at every start after that', async () => {
    const store = createMemoryEventStore();
    await requireSamePepper(store, contactIds, clock);
    await requireSamePepper(store, contactIds, clock);
    expect(await store.readStream('ledger')).toHaveLength(1);
  });

  it('refuses another, which would make a stranger of everybody who opted out', async () => {
    const store = createMemoryEventStore();
    await requireSamePepper(store, contactIds, clock);
    const others = createContactIds(Buffer.alloc(32, 'salt'));
    await expect(requireSamePepper(store, others, clock)).rejects.toThrow(ConfigurationError);
    await expect(requireSamePepper(store, others, clock)).rejects.toThrow(/put that one back/);
  });

  it('refuses the second of two that begin one log at the same moment', async () => {
    const store = createInterruptibleStore(createMemoryEventStore());
    store.beforeAppend(() => requireSamePepper(store, contactIds, clock));
    const others = createContactIds(Buffer.alloc(32, 'salt'));
    await expect(requireSamePepper(store, others, clock)).rejects.toThrow(/put that one back/);
    await requireSamePepper(store, contactIds, clock);
  });
});
