import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerRefusal, BrokerState } from '../message-broker.js';
import { Hearing } from './hearing.js';

/** An error as kafkajs makes them. */
function kafkaError(name: string, more: { type?: string; code?: string; retriable?: boolean; cause?: Error } = {}) {
  return Object.assign(new Error(name, { cause: more.cause }), { name, ...more });
}

const refused = (type: string) => kafkaError('KafkaJSProtocolError', { type, retriable: false });
const hungUp = kafkaError('KafkaJSConnectionClosedError', { retriable: true });

describe('What is heard of a broker', () => {
  let states: BrokerState[];
  let refusals: BrokerRefusal[];
  let isThere: boolean;
  let hearing: Hearing;
  beforeEach(() => {
    [states, refusals, isThere] = [[], [], true];
    hearing = new Hearing(
      { onState: (state) => void states.push(state), onRefusal: (refusal) => void refusals.push(refusal) },
      async () => isThere,
    );
  });

  it('is told of when it changes, and not again', async () => {
    hearing.heard('a group');
    hearing.heard('a topic');
    const gone = kafkaError('KafkaJSConnectionError', { code: 'ECONNREFUSED' });
    await hearing.failed('a group', kafkaError('KafkaJSNumberOfRetriesExceeded', { cause: gone }));
    await hearing.failed('a topic', gone);
    expect(states).toStrictEqual(['connected', 'away']);
  });

  it('is that its listener asks for something else, where it only ever ended the connection', async () => {
    await hearing.failed('a group', hungUp);
    hearing.heard('a group');
    await hearing.failed('a group', hungUp);
    expect(states).toStrictEqual(['hangs-up', 'connected', 'away']);
  });

  it('is what it refuses to each, until it does it; meanwhile it is there', async () => {
    await hearing.failed('a group', refused('GROUP_AUTHORIZATION_FAILED'));
    await hearing.failed('a group', refused('GROUP_AUTHORIZATION_FAILED'));
    hearing.heard('a topic');
    const refusal = { what: 'a group', code: 'GROUP_AUTHORIZATION_FAILED' };
    expect([states, refusals, hearing.refusals]).toStrictEqual([['connected'], [refusal], [refusal]]);
    hearing.heard('a group');
    expect(hearing.refusals).toStrictEqual([]);
  });

  it('without a coordinator is a refusal where it answers, and that it is away where it does not', async () => {
    const missing = kafkaError('KafkaJSGroupCoordinatorNotFound');
    await hearing.failed('a group', missing);
    isThere = false;
    await hearing.failed('a group', missing);
    expect(refusals).toStrictEqual([{ what: 'a group', code: 'COORDINATOR_NOT_FOUND' }]);
    expect(states).toStrictEqual(['connected', 'away']);
  });

  it.each([
    ['another process took the turn over', refused('PRODUCER_FENCED')],
    ['the members of a group changed', refused('REBALANCE_IN_PROGRESS')],
    ['it was no fault of the broker', new TypeError('a fault of ours')],
  ])('is nothing where %s', async (_, error) => {
    await hearing.failed('a group', error);
    expect([states, refusals]).toStrictEqual([[], []]);
  });
});
