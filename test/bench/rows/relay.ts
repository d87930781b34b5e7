import { join } from 'node:path';
import { startChild } from '../child.js';
import { startKafka } from '../engine.js';
import { interleaved, rateLine, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { environmentOf } from '../service.js';

const EVENTS_EACH = 4;
const RATE = 0.5;
const MOST_ROUNDS = 3;

/** A log published from its start, facts and verdicts, against kafkajs sending the same messages to the same broker. */
export const relaying: Row = {
  name: 'relay',
  about:
    'events relayed to Kafka, each with the verdicts of its contact; floor: kafkajs alone sending the same messages',
  async measure({ rounds, relayed }, directory) {
    const kafka = await startKafka(join(directory, 'kafka'));
    const log = join(directory, 'log');
    await seedLog(log, relayed / EVENTS_EACH, EVENTS_EACH);
    const shared = { BROKERS: kafka.at, MESSAGES: join(directory, 'messages.ndjson'), FACTS: String(relayed) };
    const relay = await startChild('relaying', { ...environmentOf(log), ...shared });
    const producer = await startChild('raw-producer', shared);
    const rateOf = ({ milliseconds }: Record<string, number>) => relayed / (milliseconds! / 1000);
    const relayAll = async () => rateOf(await relay.ask('relay'));
    const sendAll = async () => rateOf(await producer.ask('send'));
    await sendAll();
    await relayAll();
    const { ours, floor } = await interleaved(Math.min(MOST_ROUNDS, rounds), relayAll, sendAll);
    await Promise.all([relay.stop(), producer.stop()]);
    await kafka.stop();
    return [rateLine('relay to Kafka', 'events', ours, floor, RATE)];
  },
};
