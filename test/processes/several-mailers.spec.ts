import { openLog } from '@consent-ledger/application';
import { START, type RecordedEvent } from '@consent-ledger/event-store';
import { readConfiguration } from '@consent-ledger/platform';
import { contactOfStream } from '@consent-ledger/projections';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { recipientsOf, startMailServer, type MailServer } from '../mail/mail-server.js';
import { completed, optIn, optOut, startMailing } from '../mail/steps.js';
import { eventually } from '../support/service.js';
import { makeFleet, type Fleet, type Member } from './fleet.js';

/** Several apps start in a test, and the log is away for a while. */
jest.setTimeout(90_000);

const READERS = Array.from({ length: 40 }, (_, number) => `lezer${number}@example.nl`);

let fleet: Fleet;
let server: MailServer;
beforeEach(async () => {
  fleet = await makeFleet();
  server = await startMailServer();
});
afterEach(async () => {
  await fleet.stop();
  await server.close();
});

async function startTwo(): Promise<{ readonly api: Member; readonly mailers: readonly Member[] }> {
  const settings = { SMTP_URL: server.url, MAIL_RATE: '10', MAIL_RETRY_SECONDS: '0.05' };
  const mailers = [await fleet.start('mailer', settings), await fleet.start('mailer', settings)];
  const api = await fleet.start('api');
  for (const address of READERS) await optIn(api, address);
  return { api, mailers };
}

async function logOf({ directory }: Member): Promise<readonly RecordedEvent[]> {
  const store = await openLog(readConfiguration(fleet.settings(directory)));
  const events = await store.readAll(START, 10_000);
  await store.close();
  return events;
}

/** The last event of a type by the contact whom it is about. */
function contactsOf(events: readonly RecordedEvent[], wanted: string): ReadonlyMap<string, RecordedEvent> {
  const ofType = events.filter(({ type }) => type === wanted);
  return new Map(
    ofType.map((event) => [(event.data['contactId'] as string) ?? contactOfStream(event.streamId)!, event]),
  );
}

const asked = (count: number) => eventually(() => expect(server.asked.length).toBeGreaterThanOrEqual(count), 30);

describe('two mailers whose log fails in the middle of a mailing', () => {
  it('go on when it is back: nobody is reached twice or lost, and every outcome is known', async () => {
    const { api, mailers } = await startTwo();
    const { log } = fleet.engines;
    await startMailing(api, { id: 'spring', recipients: READERS.map((address) => ({ address })) });
    await asked(4);
    log.failNextAppends('cut-after-writing', 'cut-before-writing', 'timeout-after-writing', 'no-position');
    await asked(12);
    await log.goAway();
    for (const mailer of mailers)
      await eventually(async () => expect((await mailer.get('/health/ready', { key: null })).status).toBe(503));
    await log.comeBack();
    expect(await completed(api, 'spring', 60)).toMatchObject({ sent: READERS.length, unknown: 0, failed: 0 });
    expect(recipientsOf(server.taken).sort()).toStrictEqual([...READERS].sort());
  });

  it('send nothing to whom opted out before the message was started (P4)', async () => {
    const { api } = await startTwo();
    await startMailing(api, { id: 'spring', recipients: READERS.map((address) => ({ address })) });
    await asked(4);
    fleet.engines.log.cut();
    for (const address of READERS.slice(-10)) await optOut(api, address);
    expect(await completed(api, 'spring', 60)).toMatchObject({ failed: 0, unknown: 0 });
    const reached = recipientsOf(server.taken);
    expect(reached).toHaveLength(new Set(reached).size);

    const events = await logOf(api);
    const sent = contactsOf(events, 'MailSent');
    const startedTooLate = [...contactsOf(events, 'OptedOut')].filter(
      ([contactId, { position }]) =>
        sent.has(contactId) && contactsOf(events, 'DeliveryStarted').get(contactId)!.position > position,
    );
    expect(startedTooLate).toStrictEqual([]);
    expect(sent.size).toBeLessThan(READERS.length);
  });
});
