import { topicsOf } from '@consent-ledger/messaging';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { recipientsOf, startMailServer, type MailServer } from '../mail/mail-server.js';
import { completed, startMailing } from '../mail/steps.js';
import { eventually, type Reply } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';
import { describeDistributed, startDistributedProfile, type DistributedProfile } from './distributed-profile.js';
import { askOnce, probe, type Asked, type Prober } from './prober.js';
import { peakOf } from './process-memory.js';
import { ReplayedLog, type Acknowledged } from './replayed-log.js';
import { openSlowLink, type SlowLink } from './slow-link.js';
import { storm, type Storm } from './storm.js';

/** Processes start, and others wait for one that is behind, on a machine that may be busy. */
jest.setTimeout(300_000);

const LEAVING = Array.from({ length: 20 }, (_, number) => `weg${number}@example.nl`);
const STAYING = Array.from({ length: 10 }, (_, number) => `blijft${number}@example.nl`);
const CROWD = Array.from({ length: 200 }, (_, number) => `menigte${number}@example.nl`);
/** Acts of the crowd while one api is behind. */
const ACTS = 2_000;
/** For longer than answers may be old. */
const LONG_MS = 13_000;
/** What the others may need more than before, in MiB; what they would keep for who is behind comes on top of it. */
const MOST_GROWTH = 200;
/** Some ten events a second: enough to go on, and far too little to come after. */
const SLOW_LINK = 10_000;

describeDistributed('an api that is slower than the log grows', () => {
  let profile: DistributedProfile;
  let mail: MailServer;
  let link: SlowLink;
  let quick: BuiltService;
  let slow: BuiltService;
  let others: readonly BuiltService[];
  let crowd: Storm;
  let prober: Prober | undefined;
  let acknowledged: Acknowledged[];

  beforeEach(async () => {
    [profile, mail] = await Promise.all([startDistributedProfile(), startMailServer()]);
    link = await openSlowLink(profile.log.port);
    const { environment } = profile;
    const behindLink = { ...environment, EVENT_STORE_URL: `esdb://127.0.0.1:${link.port}?tls=false` };
    const mailing = { ...environment, SMTP_URL: mail.url, MAIL_RETRY_SECONDS: '0.05' };
    quick = await startBuilt(await newDirectory(), environment, 'api');
    slow = await startBuilt(await newDirectory(), behindLink, 'api');
    const worker = await startBuilt(await newDirectory(), environment, 'worker');
    others = [quick, worker, await startBuilt(await newDirectory(), mailing, 'mailer')];
    acknowledged = [];
    prober = undefined;
    for (const address of [...LEAVING, ...STAYING]) await recorded(optIn(address));
    await everybodyIsKnown();
    crowd = storm(() => [quick], CROWD, 20_261_124);
  });
  afterEach(async () => {
    process.kill(slow.pid, 'SIGCONT');
    await crowd.stop();
    await prober?.stop();
    await cleanUp();
    await Promise.all([link.close(), mail.close(), profile.stop()]);
  });

  const source = { kind: 'web-form' };
  const purposes = ['newsletter'];
  const statement = { id: 'signup-form', version: 1, language: 'nl' };
  const optIn = (address: string) => quick.post('/v1/opt-ins', { address, purposes, statement, source });
  const optOut = (address: string) => quick.post('/v1/opt-outs', { address, purposes, source });
  const askSlow = (address: string) => askOnce(slow, { address, purpose: 'newsletter', consistency: 'projected' });
  const readiness = async (service: BuiltService) => (await service.get('/health/ready')).body;
  const isReady = async (service: BuiltService) => expect(await readiness(service)).toMatchObject({ status: 'ok' });

  async function recorded(acting: Promise<Reply>): Promise<void> {
    const { status, body, text } = await acting;
    if (status !== 201) throw new Error(`Answered ${status}: ${text}`);
    acknowledged.push({ ...body, at: Date.now() });
  }

  const everybodyIsKnown = () =>
    eventually(async () => {
      const answers = await Promise.all([...LEAVING, ...STAYING].map(askSlow));
      expect(answers.every((answer) => answer?.eligible)).toBe(true);
    }, 60);

  async function crowdActs(): Promise<void> {
    for (let part = 0; part < 10; part += 1) await crowd.more(ACTS / 10);
  }

  async function lagOf(service: BuiltService): Promise<number> {
    const { text } = await service.get('/metrics');
    return Number(/^consent_ledger_projection_lag_seconds\{projection="read-models"\} (\S+)$/m.exec(text)?.[1]);
  }

  /** What the others did while one is behind: each of them goes on, none keeps for it what it has not taken. */
  async function expectUndisturbed(before: readonly number[]): Promise<void> {
    await startMailing(quick, { id: 'spring', recipients: [...LEAVING, ...STAYING].map((address) => ({ address })) });
    expect(await completed(quick, 'spring', 60)).toMatchObject({ sent: STAYING.length, failed: 0 });
    expect(recipientsOf(mail.taken).sort()).toStrictEqual([...STAYING].sort());
    for (const service of others) await eventually(() => isReady(service), 30);
    await profile.wire.read(topicsOf(profile.prefix).events, acknowledged.length + ACTS);
    const peaks = await Promise.all(others.map(peakOf));
    for (const [at, peak] of peaks.entries()) expect(peak - before[at]!).toBeLessThan(MOST_GROWTH);
  }

  async function expectCaughtUp(): Promise<void> {
    await crowd.stop();
    await eventually(() => isReady(slow), 60);
    await eventually(async () => expect(await lagOf(slow)).toBe(0), 30);
    const addresses = [...LEAVING, ...STAYING, ...CROWD];
    const everybody = async (service: BuiltService) => {
      const { status, body, text } = await service.post('/v1/eligibility/batch', { purpose: 'newsletter', addresses });
      if (status !== 200) throw new Error(`Answered ${status}: ${text}`);
      return body.results;
    };
    const known = await everybody(quick);
    expect(known).toHaveLength(addresses.length);
    expect(await everybody(slow)).toStrictEqual(known);
  }

  /** Whatever was asked of it, when it was asked, and when it answered. */
  async function expectBorneOut(answers: readonly Asked[]): Promise<void> {
    const replayed = await ReplayedLog.read(profile.environment);
    const told = [...acknowledged, ...crowd.acknowledged];
    expect(replayed.broken()).toStrictEqual([]);
    expect(replayed.lost(told)).toStrictEqual([]);
    expect(replayed.unsupported(answers)).toStrictEqual([]);
    expect(replayed.outdated(answers, told)).toStrictEqual([]);
    const positions = answers.filter(({ consistency }) => consistency === 'projected').map(({ position }) => position);
    expect(positions).toStrictEqual(positions.toSorted((one, other) => one - other));
  }

  it('as it stands still holds up nobody, and says no yes of before when it goes on again (P4)', async () => {
    const before = await Promise.all(others.map(peakOf));
    process.kill(slow.pid, 'SIGSTOP');
    const stoodStillAt = Date.now();
    for (const address of LEAVING) await recorded(optOut(address));
    await crowdActs();
    await expectUndisturbed(before);
    await eventually(() => expect(Date.now() - stoodStillAt).toBeGreaterThan(LONG_MS), 30);

    const waiting = LEAVING.map(askSlow);
    process.kill(slow.pid, 'SIGCONT');
    const early = await Promise.all(waiting);
    expect(early.filter((answer) => answer?.eligible)).toStrictEqual([]);
    prober = probe(() => [slow], [...LEAVING, ...STAYING]);
    await expectCaughtUp();
    await eventually(() => expect(prober?.answers.filter(({ eligible }) => eligible).length).toBeGreaterThan(4), 30);
    await prober.stop();
    await expectBorneOut(prober.answers);
  });

  it('over a slow way to the log tells that it is behind, gives no answer that is too old, and comes up again (P4)', async () => {
    const before = await Promise.all(others.map(peakOf));
    prober = probe(() => [slow], [...LEAVING, ...STAYING]);
    link.slowDown(SLOW_LINK);
    for (const address of LEAVING) await recorded(optOut(address));
    await crowdActs();
    await eventually(async () => {
      const { status, checks } = await readiness(slow);
      expect([status, checks.readModels]).toStrictEqual(['unavailable', expect.stringMatching(/^\d+ seconds behind/)]);
    }, 60);
    expect(await lagOf(slow)).toBeGreaterThan(10);
    const asked = { address: LEAVING[0], purpose: 'newsletter' };
    await eventually(async () => expect(await slow.post('/v1/eligibility', asked)).toMatchObject({ status: 503 }), 30);
    await expectUndisturbed(before);

    link.slowDown();
    await expectCaughtUp();
    await prober.stop();
    expect(prober.answers).toContainEqual(expect.objectContaining({ consistency: 'projected', eligible: true }));
    await expectBorneOut(prober.answers);
  });
});
