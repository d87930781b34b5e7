import { topicsOf } from '@consent-ledger/messaging';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { recipientsOf, startMailServer, type MailServer } from '../mail/mail-server.js';
import { completed, optIn, optOut, startMailing } from '../mail/steps.js';
import { eventually } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';
import { describeDistributed, startDistributedProfile, type DistributedProfile } from './distributed-profile.js';
import { probe } from './prober.js';
import { grouped, ReplayedLog } from './replayed-log.js';
import { storm } from './storm.js';

/** Processes start nine times in the test, on a machine that may be busy. */
jest.setTimeout(240_000);

const READERS = Array.from({ length: 40 }, (_, number) => `lezer${number}@example.nl`);
const LEFT_BEFORE = READERS.slice(0, 8);
const CROWD = Array.from({ length: 24 }, (_, number) => `storm${number}@example.nl`);
const ACTS_BETWEEN = 40;

describeDistributed('the processes of the distributed profile, each killed under load', () => {
  let profile: DistributedProfile;
  let mail: MailServer;
  let shared: Record<string, string>;
  const underWay: { stop(): Promise<void> }[] = [];

  beforeEach(async () => {
    [profile, mail] = await Promise.all([startDistributedProfile(), startMailServer()]);
    shared = { ...profile.environment, SMTP_URL: mail.url, MAIL_RATE: '4', MAIL_RETRY_SECONDS: '0.05' };
  });
  afterEach(async () => {
    for (const load of underWay.splice(0)) await load.stop();
    await cleanUp();
    await Promise.all([profile.stop(), mail.close()]);
  });

  type App = 'api' | 'worker' | 'mailer';
  const start = async (app: App, directory?: string) => startBuilt(directory ?? (await newDirectory()), shared, app);

  async function givenMailing(api: BuiltService): Promise<void> {
    await Promise.all(READERS.map((address) => optIn(api, address)));
    await Promise.all(LEFT_BEFORE.map((address) => optOut(api, address)));
    await startMailing(api, { id: 'spring', recipients: READERS.map((address) => ({ address })) });
  }

  it('lose nothing acknowledged, mail nobody twice, keep the order and say no yes that the log does not bear out (P4, P11)', async () => {
    const [first, api] = await Promise.all([start('api'), start('api')]);
    const worker = await start('worker');
    await givenMailing(api);
    const { events: topic } = topicsOf(profile.prefix);
    await profile.wire.read(topic, 1);
    const [mailer] = await Promise.all([start('mailer'), start('mailer'), start('worker')]);

    const apis = [first, api];
    const acting = storm(() => apis, CROWD, 20_261_123);
    const prober = probe(() => apis, CROWD);
    underWay.push(acting, prober);
    const kill = async (app: App, process: BuiltService) => {
      await acting.more(ACTS_BETWEEN);
      await process.end('SIGKILL');
      await acting.more(ACTS_BETWEEN);
      return start(app, process.directory);
    };
    await kill('worker', worker);
    await eventually(() => expect(mail.asked.length).toBeGreaterThan(4), 60);
    await kill('mailer', mailer);
    apis[0] = await kill('api', first);
    await acting.more(ACTS_BETWEEN);
    const counts = await completed(api, 'spring', 90);
    await acting.stop();
    await prober.stop();

    const replayed = await ReplayedLog.read(shared);
    expect(replayed.broken()).toStrictEqual([]);
    expect(replayed.lost(acting.acknowledged)).toStrictEqual([]);
    expect(replayed.unsupported(prober.answers)).toStrictEqual([]);
    const turned = prober.answers.map((answer) => ({ ...answer, eligible: !answer.eligible }));
    expect(replayed.unsupported(turned)).toHaveLength(turned.length);
    expect(replayed.outdated(prober.answers, acting.acknowledged)).toStrictEqual([]);
    for (const consistency of ['projected', 'strong'])
      for (const eligible of [true, false])
        expect(prober.answers).toContainEqual(expect.objectContaining({ consistency, eligible }));

    const reached = recipientsOf(mail.taken);
    expect(reached).toHaveLength(new Set(reached).size);
    expect(LEFT_BEFORE.filter((address) => reached.includes(address))).toStrictEqual([]);
    expect(counts).toMatchObject({ recipients: READERS.length, failed: 0, pending: 0 });
    expect(counts.suppressed).toStrictEqual({ OPTED_OUT: LEFT_BEFORE.length });
    expect(counts.sent + counts.unknown).toBe(READERS.length - LEFT_BEFORE.length);
    expect(reached.length - counts.sent).toBeGreaterThanOrEqual(0);
    expect(reached.length - counts.sent).toBeLessThanOrEqual(counts.unknown);

    const facts = replayed.events.filter(({ streamId }) => streamId.startsWith('contact-'));
    const messages = await profile.wire.read(topic, facts.length);
    const published = grouped(messages, ({ key }) => `contact-${key}`);
    for (const [streamId, recorded] of grouped(facts, (fact) => fact.streamId))
      expect(published.get(streamId)?.map(({ body }) => body.id)).toStrictEqual(recorded.map(({ id }) => id));
    expect(messages).toHaveLength(facts.length);
  });
});
