import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterAll, beforeAll } from '@jest/globals';
import { eventStoreContract, sharedLogContract } from '../event-store.contract.js';
import { openEventStoreDb } from './open-eventstoredb.js';

/** A real server when its address is given; otherwise one that speaks its protocol. */
const { EVENTSTORE_URL } = process.env;
const name = EVENTSTORE_URL
  ? 'The EventStoreDB adapter on a real server'
  : 'The EventStoreDB adapter on the protocol server';

let server: EventStoreDbServer | undefined;

beforeAll(async () => {
  if (!EVENTSTORE_URL) server = await startEventStoreDbServer();
});
afterAll(() => server?.stop());

const open = () =>
  openEventStoreDb({ connectionString: EVENTSTORE_URL ?? server!.connectionString, streamPrefixes: ['test-'] });

eventStoreContract(name, open);
sharedLogContract(name, async () => open);
