import { isIPv6 } from 'node:net';
import { freePort, type Configuration } from '@consent-ledger/platform';

/** Where a process listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** Where the configuration has a process listen; for port 0, on one that is free now. */
export async function chooseListening({ HOST: host, PORT }: Configuration): Promise<Listening> {
  const port = PORT === 0 ? await freePort(host) : PORT;
  return { host, port, url: `http://${isIPv6(host) ? `[${host}]` : host}:${port}` };
}
