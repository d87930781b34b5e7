import { EventStoreDBClient } from '@eventstore/db-client';
import { UnusableConnectionString } from './errors.js';

/** What the client understands, in its own spelling: it prints a string with anything else whole, and the password with it. */
const KNOWN = new Set(
  [
    'connectionName',
    'defaultDeadline',
    'discoveryInterval',
    'gossipTimeout',
    'keepAliveInterval',
    'keepAliveTimeout',
    'maxDiscoverAttempts',
    'nodePreference',
    'tls',
    'tlsCAFile',
    'userCertFile',
    'userKeyFile',
  ].map(flat),
);

/**
 * The client for a connection string `esdb://…` or `esdb+discover://…` (also written `kurrentdb://…`): hosts, credentials
 * and TLS are all in it. Nothing is connected yet. Throws `UnusableConnectionString`.
 */
export function clientFor(connectionString: string): EventStoreDBClient {
  const own = connectionString.trim().replace(/^(kurrentdb|kurrent|kdb)(?=:|\+)/, 'esdb');
  const unknown = [...optionsOf(own)].find((option) => !KNOWN.has(flat(option)));
  if (unknown !== undefined) throw new UnusableConnectionString(`has an option that is not understood: ${unknown}.`);
  try {
    return EventStoreDBClient.connectionString(own);
  } catch (error) {
    throw new UnusableConnectionString(
      isMissingFile(error) ? 'names a certificate file that is not there.' : 'is not one.',
    );
  }
}

function optionsOf(connectionString: string): Iterable<string> {
  return new URLSearchParams(connectionString.split('?')[1] ?? '').keys();
}

function flat(option: string): string {
  return option.trim().toLowerCase().replace(/[_-]/g, '');
}

function isMissingFile(error: unknown): boolean {
  return error instanceof Error && /file/i.test(error.message) && !error.message.includes('Unexpected');
}
