import { type IncomingMessage, type MessageBroker, type TopicMessages } from '@consent-ledger/messaging';
import { Problem, silentLogger } from '@consent-ledger/platform';
import { createDrivenClock } from '@consent-ledger/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Intake } from './intake.js';

const message: IncomingMessage = { topic: 'jobs', partition: 0, offset: '7', key: 'one', value: 'job-1' };
const taken: TopicMessages = { topic: 'outcomes', messages: [{ key: 'one', value: 'taken' }] };
const MANY = 5;

describe('What is taken from Kafka', () => {
  let told: TopicMessages[];
  let failing: number;
  let executed: number;
  beforeEach(() => {
    [told, failing, executed] = [[], 0, 0];
  });

  /** Takes the message; its carrying out rejects with these problems first. */
  async function take(...problems: Error[]): Promise<void> {
    const broker: Pick<MessageBroker, 'send'> = {
      async send(batch) {
        if (failing-- > 0) throw new Error('The broker takes nothing.');
        told.push(batch);
      },
    };
    const intake = new Intake<{ id: string }>({
      broker: broker as MessageBroker,
      group: 'group',
      topic: 'jobs',
      refusedTopic: 'refused',
      read: (text) => ({ request: { id: text! } }),
      subjectOf: () => 'one',
      async execute() {
        executed += 1;
        const problem = problems.shift();
        if (problem) throw problem;
        return taken;
      },
      clock: createDrivenClock('2024-03-01T12:00:00Z'),
      logger: silentLogger,
    });
    await intake.take([message], new AbortController().signal);
  }

  const codes = () =>
    told.map(({ topic, messages }) => [topic, JSON.parse(messages[0]!.value!).data?.code as string | undefined]);

  it('is done once and never told as refused, however long the broker takes no outcome', async () => {
    failing = MANY;
    await take();
    expect([executed, told]).toStrictEqual([1, [taken]]);
  });

  it.each(['CONFLICT', 'UNKNOWN_PURPOSE', 'UNKNOWN_STATEMENT'] as const)(
    'is tried again on %s, which may pass: an opt-out must not be lost to it (P4)',
    async (code) => {
      await take(new Problem(code, 'Not now.'), new Problem(code, 'Not now.'));
      expect(told).toStrictEqual([taken]);
    },
  );

  it('is refused where that does not pass, so that others come after it', async () => {
    await take(...Array.from({ length: MANY }, () => new Problem('CONFLICT', 'Never.')));
    expect(codes()).toStrictEqual([['refused', 'CONFLICT']]);
  });

  it.each(['LOG_REFUSED', 'UNUSABLE_KEY_VAULT', 'SQLITE_CORRUPT', 'KEY_REMNANT'])(
    'waits, however often a store says %s, which somebody has to mend: all that comes would be refused (P4)',
    async (code) => {
      await take(...Array.from({ length: MANY + 1 }, () => Object.assign(new Error('No.'), { code })));
      expect(told).toStrictEqual([taken]);
    },
  );

  it('is refused at once for what does not pass by waiting', async () => {
    await take(new Problem('OPTED_OUT', 'The person opted out.'));
    expect([executed, codes()]).toStrictEqual([1, [['refused', 'OPTED_OUT']]]);
  });
});
