import { contract, topicsOf } from '@consent-ledger/messaging';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeWithKafka, kafkaBrokers } from '../services/kafka/shared-broker.js';
import { createWire, newPrefix } from '../services/kafka/wire.js';
import { startService } from '../support/service.js';

let brokers: string[];
beforeAll(async () => void (brokers = await kafkaBrokers()), 90_000);

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function setUp() {
  const prefix = newPrefix();
  const environment = { KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: prefix };
  const service = await startService({ environment });
  const wire = createWire(brokers);
  closing.push(
    () => service.stop(),
    () => wire.close(),
  );
  const topics = topicsOf(prefix);
  await wire.read(topics.mailJobs, 0);
  const send = (...jobs: object[]) =>
    wire.send(
      topics.mailJobs,
      jobs.map((job) => ({ key: 'job', value: JSON.stringify(job) })),
    );
  return { service, wire, topics, send };
}

const job = (id: string, data: object) => ({
  specversion: '1.0',
  id,
  source: 'urn:shop',
  type: 'consent-ledger.SendMail',
  data: { mailingId: 'spring', purpose: 'newsletter', template: 'newsletter', subject: 'Spring', ...data },
});

describeWithKafka('A mail job', () => {
  it('is sent to those who may get it, once, and what became of each is published without personal data (P3, P4)', async () => {
    const { service, wire, topics, send } = await setUp();
    const statement = { id: 'signup-form', version: 1, language: 'nl' };
    const source = { kind: 'web-form' };
    await service.post('/v1/opt-ins', { address: 'yes@example.org', purposes: ['newsletter'], statement, source });
    const recipients = [{ address: 'yes@example.org' }, { address: 'no@example.org' }, { address: 'no address' }];
    await send(job('j-1', { recipients }), job('j-1', { recipients }));
    const messages = await wire.read(topics.mailOutcomes, 4);
    const validate = contract('mail.outcomes.v1');
    for (const { body } of messages) expect([validate(body), validate.errors]).toStrictEqual([true, null]);
    const told = messages.map(({ body: { type, data } }) => [type.split('.')[1], data.reason ?? data.accepted ?? null]);
    expect(told.sort()).toStrictEqual([
      ['DeliverySuppressed', 'UNKNOWN_CONTACT'],
      ['MailJobTaken', 2],
      ['MailJobTaken', 2],
      ['MailSent', null],
    ]);
    expect((await service.get('/v1/mailings/spring')).body).toMatchObject({ recipients: 2, sent: 1 });
    expect(JSON.stringify(await wire.readRaw(topics.mailOutcomes))).not.toMatch(/@|yes|address|Spring/);
  });

  it('that cannot be sent is refused with the reason, and the next is taken (P1, P9)', async () => {
    const { wire, topics, send } = await setUp();
    const recipients = [{ address: 'a@example.org' }];
    const uuid = (last: number) => `3f2b8c1e-0000-4000-8000-00000000000${last}`;
    await send(
      job(uuid(1), { template: 'none', recipients }),
      job(uuid(2), { purpose: 'service', recipients }),
      job(uuid(3), { variables: { deep: [{ number: 'bsn 111222333' }] }, recipients }),
      job(uuid(4), { recipients: [] }),
      job(uuid(5), { recipients }),
    );
    const refused = await wire.read(topics.mailJobsRefused, 4);
    const codes = Object.fromEntries(refused.map(({ body: { data } }) => [data.requestId, data.code]));
    expect(codes).toStrictEqual({
      [uuid(1)]: 'UNKNOWN_TEMPLATE',
      [uuid(2)]: 'TEMPLATE_DOES_NOT_FIT',
      [uuid(3)]: 'VALIDATION',
      [uuid(4)]: 'VALIDATION',
    });
    const outcomes = await wire.read(topics.mailOutcomes, 1);
    expect(outcomes.some(({ body }) => body.data.mailingId === 'spring')).toBe(true);
  });
});
