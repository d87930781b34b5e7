import type { EventStoreDbServer, EventStoreDbServerOptions } from './eventstoredb-server.js';

/** Starts a server that stands in for EventStoreDB. Its protocol is loaded now: most specs do without. */
export async function startEventStoreDbServer(options?: EventStoreDbServerOptions): Promise<EventStoreDbServer> {
  const { runEventStoreDbServer } = await import('./eventstoredb-server.js');
  return runEventStoreDbServer(options);
}
