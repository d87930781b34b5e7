import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/service.js';
import { recipientsOf, startMailServer, type MailServer } from '../mail/mail-server.js';
import { completed, deliveriesOf, logOf, optIn, outboxOf, startMailing } from '../mail/steps.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(120_000);

const ROUNDS = 3;
const READERS = Array.from({ length: 60 }, (_, number) => `lezer${number}@example.nl`);

afterEach(cleanUp);

/** Starts a mailing to everyone who gave consent for it; answers the contact ids by address. */
async function givenMailing(service: BuiltService): Promise<Map<string, string>> {
  const contacts = await Promise.all(READERS.map(async (address) => [address, await optIn(service, address)] as const));
  await startMailing(service, { id: 'spring', recipients: READERS.map((address) => ({ address })) });
  return new Map(contacts);
}

/** Kills the service again and again once `left` has grown by some; answers the last one started, which lives. */
async function killInTheMiddle(
  first: BuiltService,
  environment: Record<string, string>,
  left: () => Promise<number> | number,
): Promise<BuiltService> {
  let service = first;
  for (let round = 1; round <= ROUNDS; round++) {
    const until = (await left()) + 3 + Math.floor(Math.random() * 6);
    await eventually(async () => expect(await left()).toBeGreaterThanOrEqual(until), 60);
    await service.end('SIGKILL');
    service = await startBuilt(service.directory, environment);
  }
  return service;
}

describe('a mailing whose mailer is killed in the middle, over SMTP', () => {
  let server: MailServer;
  beforeEach(async () => {
    server = await startMailServer();
  });
  afterEach(() => server.close());

  it('reaches nobody twice, loses nobody, and reports those it cannot know of', async () => {
    const environment = { SMTP_URL: server.url, MAIL_RATE: '120', MAIL_RETRY_SECONDS: '0.05' };
    let service = await startBuilt(await newDirectory(), environment);
    const contacts = await givenMailing(service);
    service = await killInTheMiddle(service, environment, () => server.asked.length);
    const counts = await completed(service, 'spring', 60);

    const reached = recipientsOf(server.taken);
    expect(reached).toHaveLength(new Set(reached).size);
    expect(counts).toMatchObject({ recipients: READERS.length, failed: 0, pending: 0, suppressed: {} });
    expect(counts.sent + counts.unknown).toBe(READERS.length);

    const reported: string[] = [];
    for (const [address, contactId] of contacts)
      if ((await deliveriesOf(service, contactId))[0].status === 'unknown') reported.push(address);
    expect(reported).toHaveLength(counts.unknown);
    expect(READERS.filter((address) => !reached.includes(address) && !reported.includes(address))).toStrictEqual([]);

    const { errors } = await service.end('SIGTERM');
    expect(errors).not.toContain('@example.nl');
  });

  it('settles what was under way before it sends anything else', async () => {
    const environment = { SMTP_URL: server.url };
    const service = await startBuilt(await newDirectory(), environment);
    const held: string[] = [];
    server.behave({
      message(address) {
        held.push(address);
        return new Promise(() => undefined);
      },
    });
    const contacts = await givenMailing(service);
    await eventually(() => expect(held).toHaveLength(4));
    await service.end('SIGKILL');

    server.behave({});
    const again = await startBuilt(service.directory, environment);
    expect(await completed(again, 'spring')).toMatchObject({ sent: READERS.length - 4, unknown: 4 });
    for (const address of held)
      expect(await deliveriesOf(again, contacts.get(address)!)).toMatchObject([{ status: 'unknown' }]);
    expect(recipientsOf(server.taken).filter((address) => held.includes(address))).toStrictEqual([]);

    await again.end('SIGTERM');
    const outcomes = (await logOf(again)).filter(({ type }) => /^(DeliveryOutcomeUnknown|MailSent)$/.test(type));
    expect(outcomes.slice(0, 4).map(({ type }) => type)).toStrictEqual(Array(4).fill('DeliveryOutcomeUnknown'));
  });
});

describe('a mailing whose mailer is killed in the middle, into the outbox', () => {
  it('reaches everybody once, and knows it of all', async () => {
    const environment = { MAIL_RATE: '120' };
    let service = await startBuilt(await newDirectory(), environment);
    const outbox = join(service.directory, 'outbox');
    const written = async () => (await readdir(outbox).catch(() => [])).filter((name) => name.endsWith('.eml')).length;
    await givenMailing(service);
    service = await killInTheMiddle(service, environment, written);
    expect(await completed(service, 'spring', 60)).toMatchObject({ sent: READERS.length, unknown: 0, failed: 0 });

    const mails = await outboxOf(service);
    expect([...mails.keys()].sort()).toStrictEqual([...READERS].sort());
    expect([...mails.values()].filter(({ length }) => length !== 1)).toStrictEqual([]);
    expect((await readdir(outbox)).filter((name) => !name.endsWith('.eml'))).toStrictEqual([]);
  });
});
