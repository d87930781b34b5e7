import { describeWithKafka } from '../services/kafka/shared-broker.js';
import { createWire, type Wire } from '../services/kafka/wire.js';
import { describeWithPostgres } from '../services/postgres/shared-server.js';
import { startProfile, type ProfileEngines } from '../support/engines.js';

/** The engines that processes of their own share in a test, and a program beside them on the same cluster. */
export interface DistributedProfile extends ProfileEngines {
  readonly wire: Wire;
}

/** Describes what needs PostgreSQL and a broker; where one of them cannot be had, as their own functions do. */
export function describeDistributed(name: string, specs: () => void): void {
  describeWithPostgres(name, () => describeWithKafka('with a broker', specs));
}

export async function startDistributedProfile(): Promise<DistributedProfile> {
  const engines = await startProfile();
  const wire = createWire(engines.brokers);
  return {
    ...engines,
    environment: { ...engines.environment, PUBLIC_URL: 'http://localhost:3000' },
    wire,
    async stop() {
      await wire.close();
      await engines.stop();
    },
  };
}
