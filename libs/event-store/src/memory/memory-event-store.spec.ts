import { describe, expect, it } from '@jest/globals';
import { eventStoreContract } from '../event-store.contract.js';
import { START } from '../event-store.js';
import { createMemoryEventStore } from './memory-event-store.js';

eventStoreContract('The memory adapter', async () => createMemoryEventStore());

describe('an empty log in memory', () => {
  it('has its head at the start', async () => {
    expect(await createMemoryEventStore().head()).toBe(START);
  });
});
