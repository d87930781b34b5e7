import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRecordingLogger, type RecordingLogger } from '@consent-ledger/testing';
import Database from 'better-sqlite3';
import { eventually, startService, type TestService } from '../support/service.js';
import { startMailServer, type MailServer } from '../mail/mail-server.js';
import { completed, deliveryEventsOf, optIn, startMailing, verdictOf } from '../mail/steps.js';

let service: TestService;
let server: MailServer;
let log: Database.Database;
let logger: RecordingLogger;

beforeEach(async () => {
  server = await startMailServer();
  logger = createRecordingLogger();
  service = await startService({ environment: { SMTP_URL: server.url, MAIL_CONCURRENCY: '1' }, logger });
  log = new Database(join(service.directory, 'log.sqlite'));
});
afterEach(async () => {
  log.close();
  await service.stop();
  await server.close();
});

const refuseWrites = () =>
  log.exec("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END");
/** Resolves once a delivery has met the log that refuses. */
const refused = () =>
  eventually(() => expect(logger.lines.map(({ message }) => message).join()).toContain('A delivery met an error'));
const takeWrites = () => log.exec('DROP TRIGGER full');

describe('a log that another program holds', () => {
  it('is told as 503 with when to come back, and nothing was recorded', async () => {
    await optIn(service, 'an@example.nl');
    log.exec('BEGIN IMMEDIATE');
    const optOut = { address: 'an@example.nl', purposes: 'all', source: { kind: 'customer-service' } };
    const refused = await service.post('/v1/opt-outs', optOut);
    log.exec('ROLLBACK');
    expect([refused.status, refused.body.code]).toStrictEqual([503, 'UNAVAILABLE']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await verdictOf(service, 'an@example.nl')).toMatchObject({ reason: 'CONSENT' });
    expect((await service.post('/v1/opt-outs', optOut)).status).toBe(201);
    expect(await verdictOf(service, 'an@example.nl')).toMatchObject({ reason: 'OPTED_OUT' });
  });
});

describe('a log that takes no event while a mailing runs', () => {
  it('lets no further message leave; what left meanwhile is on record as soon as it can be, and is not sent again', async () => {
    const contacts = await Promise.all(['een', 'twee', 'drie'].map((name) => optIn(service, `${name}@example.nl`)));
    server.behave({ message: async () => void (server.asked.length === 1 && refuseWrites()) });
    const recipients = ['een', 'twee', 'drie'].map((name) => ({ address: `${name}@example.nl` }));
    await startMailing(service, { id: 'spring', recipients });
    await refused();
    expect((await service.get('/v1/mailings/spring')).body).toMatchObject({ sent: 0, pending: 3 });
    expect(server.asked).toHaveLength(1);

    takeWrites();
    expect(await completed(service, 'spring')).toMatchObject({ sent: 3, unknown: 0 });
    expect(server.asked).toHaveLength(3);
    for (const contactId of contacts)
      expect((await deliveryEventsOf(service, contactId)).map(({ type }) => type)).toStrictEqual([
        'DeliveryRequested',
        'DeliveryStarted',
        'MailSent',
      ]);
  });

  it('learns of a temporary failure too, and the message is tried again', async () => {
    await optIn(service, 'an@example.nl');
    server.behave({
      recipient() {
        if (server.asked.length > 1) return undefined;
        refuseWrites();
        return '450 4.2.0 later';
      },
    });
    await startMailing(service, { id: 'spring', recipients: [{ address: 'an@example.nl' }] });
    await refused();
    expect((await service.get('/v1/mailings/spring')).body).toMatchObject({ pending: 1 });
    takeWrites();
    expect(await completed(service, 'spring')).toMatchObject({ sent: 1, unknown: 0 });
    expect(server.asked).toHaveLength(2);
  });
});
