import { describe } from '@jest/globals';
import { sharedProcess } from '../shared-process.js';
import { lackingForKafka } from './broker.js';

/**
 * Describes what needs a broker: the one of `KAFKA_BROKERS`, or one that all specs of this run share. Where it cannot be
 * had the specs are skipped, and it is said; on CI they fail.
 */
export function describeWithKafka(name: string, specs: () => void): void {
  if (process.env['KAFKA_BROKERS']) describe(name, specs);
  else describeWithOwnBroker(name, specs);
}

/** Describes what needs a broker of its own, to stop it and bring it back; where none can be had, likewise. */
export function describeWithOwnBroker(name: string, specs: () => void): void {
  const lacking = lackingForKafka();
  if (lacking.length === 0 || process.env['CI']) return void describe(name, specs);
  process.stderr.write(`Skipped "${name}": it needs ${lacking.join(' and ')}, or KAFKA_BROKERS.\n`);
  describe.skip(name, specs);
}

/** The brokers to connect to. The first spec of a run that asks has the shared one started; it ends with the run. */
export async function kafkaBrokers(): Promise<string[]> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return given.split(',');
  return [await sharedProcess('kafka', 'test/services/kafka/broker.ts')];
}
