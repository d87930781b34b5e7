import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@consent-ledger/platform';
import { createRecordingLogger } from '@consent-ledger/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { createTransport } from 'nodemailer';
import { startService, type TestService } from '../support/service.js';
import { startMailServer, type MailServer } from './mail-server.js';
import { deliveryReport, feedbackReport, lastSent, optOutMail, type SentMail } from './reports.js';
import { completed, optIn, startMailing, verdictOf } from './steps.js';

const BOUNCES = 'bounces@mail.example.nl';
const STOP = 'stop@mail.example.nl';

let service: TestService;
let server: MailServer;
let port: number;
const logger = createRecordingLogger();

beforeAll(async () => {
  server = await startMailServer();
  port = await freePort();
  const environment = {
    SMTP_URL: server.url,
    MAIL_BOUNCES: BOUNCES,
    MAIL_UNSUBSCRIBE: STOP,
    INBOUND_SMTP_PORT: String(port),
    INBOUND_SMTP_RATE: '1000',
  };
  service = await startService({ environment, logger });
});
afterAll(async () => {
  await service.stop();
  await server.close();
});

let count = 0;

/** Somebody who gave consent to two purposes and got a newsletter, and the newsletter. */
async function reached(): Promise<{ address: string; mail: SentMail }> {
  const address = `iemand-${++count}@recipient.example`;
  await optIn(service, address, ['newsletter', 'event-invitation']);
  await startMailing(service, { id: `mailing-${count}`, recipients: [{ address }] });
  await completed(service, `mailing-${count}`);
  return { address, mail: lastSent(server) };
}

/** Hands a message to the listener as another server would; answers its reply, also where it refuses. */
async function handOver(raw: string, to: string, from = ''): Promise<string> {
  const transport = createTransport({ host: '127.0.0.1', port, secure: false, ignoreTLS: true });
  try {
    return (await transport.sendMail({ envelope: { from, to: [to] }, raw })).response;
  } catch (error) {
    return (error as { response?: string }).response ?? String(error);
  } finally {
    transport.close();
  }
}

const post = (raw: string, headers: Record<string, string> = {}, key?: string) =>
  service.request('POST', '/v1/inbound', {
    raw,
    headers: { 'Content-Type': 'message/rfc822', ...headers },
    ...(key !== undefined && { key }),
  });

const reason = async (address: string, purpose?: string) => (await verdictOf(service, address, purpose)).reason;
const keptMail = (): Promise<string[]> => readdir(join(service.directory, 'inbound')).catch(() => []);

describe('a bounce that comes back by SMTP', () => {
  it('makes the contact undeliverable when the mailbox does not exist (P1, P4)', async () => {
    const { address, mail } = await reached();
    expect(mail.returnPath).toMatch(/^bounces\+[a-z2-7]{26}\.[a-z2-7]{16}@mail\.example\.nl$/);
    expect(await handOver(deliveryReport(mail), mail.returnPath)).toMatch(/^250 /);
    expect(await reason(address)).toBe('UNDELIVERABLE');
    expect(await reason(address, 'service')).toBe('UNDELIVERABLE');
  });

  it('stops nothing when the mailbox is full, or the message is still being tried (P4)', async () => {
    const { address, mail } = await reached();
    const full = { status: '5.2.2', diagnostic: '552 5.2.2 Mailbox full' };
    expect(await handOver(deliveryReport(mail, full), mail.returnPath)).toMatch(/^250 /);
    const delayed = { action: 'delayed', status: '4.4.1', diagnostic: '451 4.4.1 timed out' };
    expect(await handOver(deliveryReport(mail, delayed), mail.returnPath)).toMatch(/^250 /);
    expect(await reason(address)).toBe('CONSENT');
  });

  it('stops nobody when its return path was not signed here (P4)', async () => {
    const { address, mail } = await reached();
    const forged = mail.returnPath.replace(/.@/, (end) => (end === 'a@' ? 'b@' : 'a@'));
    expect(await handOver(deliveryReport({ ...mail, returnPath: forged }), forged)).toMatch(/^550 5\.1\.1/);
    expect(await handOver(deliveryReport({ ...mail, returnPath: BOUNCES }), BOUNCES)).toMatch(/^250 /);
    expect(await reason(address)).toBe('CONSENT');
    const names = await keptMail();
    expect(names.filter((name) => name.includes('unsigned-bounce'))).toHaveLength(1);
  });

  it('counts at once however often it is handed over', async () => {
    const { address, mail } = await reached();
    const raw = deliveryReport(mail);
    await handOver(raw, mail.returnPath);
    await handOver(raw, mail.returnPath);
    await post(raw);
    const { body } = await service.post('/v1/contacts/lookup', { address });
    const { events } = (await service.get(`/v1/contacts/${body.contactId}/history`)).body;
    expect(events.filter(({ type }: { type: string }) => type === 'MailBounced')).toHaveLength(1);
  });
});

describe('an opt-out by mail', () => {
  it('ends the purpose of that mailing, and no other (P4)', async () => {
    const { address, mail } = await reached();
    expect(await handOver(optOutMail(mail.token), STOP, address)).toMatch(/^250 /);
    expect(await reason(address)).toBe('OPTED_OUT');
    expect(await reason(address, 'event-invitation')).toBe('CONSENT');
  });

  it.each([
    ['a prefix', (token: string) => `Re: ${token}`],
    ['folding', (token: string) => `${token.slice(0, 60)}\r\n ${token.slice(60)}`],
    ['blanks', (token: string) => `unsubscribe  ${token.slice(0, 100)} ${token.slice(100)} now`],
    [
      'encoded words',
      (token: string) =>
        (token.match(/.{1,45}/g) ?? [])
          .map((part) => `=?utf-8?B?${Buffer.from(part).toString('base64')}?=`)
          .join('\r\n '),
    ],
    ['quoted words', (token: string) => `=?utf-8?Q?${token.replaceAll('_', '=5F')}?=`],
  ])('survives %s that a mail program adds to the subject (P4)', async (_what, mangle) => {
    const { address, mail } = await reached();
    await handOver(optOutMail(mangle(mail.token)), STOP, address);
    expect(await reason(address)).toBe('OPTED_OUT');
  });

  it('is not what an automatic reply says (P4)', async () => {
    const { address, mail } = await reached();
    for (const header of ['Auto-Submitted: auto-replied', 'Precedence: bulk', 'X-Autoreply: yes'])
      expect(await handOver(optOutMail(mail.token, header), STOP, address)).toMatch(/^250 /);
    expect(await handOver(optOutMail(mail.token), STOP, '')).toMatch(/^250 /);
    expect(await reason(address)).toBe('CONSENT');
  });

  it("is what Apple's mail program sends when somebody asks it to, although it calls itself automatic (P4)", async () => {
    const { address, mail } = await reached();
    await handOver(optOutMail(mail.token, 'Auto-Submitted: auto-replied', 'X-Apple-Unsubscribe: true'), STOP, address);
    expect(await reason(address)).toBe('OPTED_OUT');
  });

  it('that no program can read is kept whole for a person, readable by the owner only (P4)', async () => {
    const before = await keptMail();
    const raw = optOutMail('Ik wil geen mail meer!');
    expect(await handOver(raw, STOP, 'somebody@recipient.example')).toMatch(/^250 /);
    const [name] = (await keptMail()).filter((kept) => !before.includes(kept));
    expect(name).toMatch(/^[0-9a-f]{64}\.no-token\.eml$/);
    const path = join(service.directory, 'inbound', name!);
    expect((await readFile(path, 'latin1')).trimEnd()).toBe(raw.trimEnd());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('a complaint from a feedback loop', () => {
  it('counts as an opt-out from all commercial mail, by the link in the returned message (P4)', async () => {
    const { address, mail } = await reached();
    expect(await handOver(feedbackReport(`List-Unsubscribe: ${mail.listUnsubscribe}`), BOUNCES)).toMatch(/^250 /);
    expect(await reason(address)).toBe('COMPLAINED');
    expect(await reason(address, 'event-invitation')).toBe('COMPLAINED');
    expect(await reason(address, 'service')).toBe('SERVICE');
  });

  it('counts by the return path of the returned message (P4)', async () => {
    const { address, mail } = await reached();
    await handOver(feedbackReport(`Return-Path: <${mail.returnPath}>\r\nSubject: Lente`), BOUNCES);
    expect(await reason(address)).toBe('COMPLAINED');
  });

  it('stops nobody when what it returns was not signed here, or it says that it is no spam (P4)', async () => {
    const { address, mail } = await reached();
    const forged = mail.token.slice(0, -1) + (mail.token.endsWith('A') ? 'E' : 'A');
    await handOver(feedbackReport(`List-Unsubscribe: <https://x.example/u/${forged}>`), BOUNCES);
    await handOver(feedbackReport(`List-Unsubscribe: ${mail.listUnsubscribe}`, { type: 'not-spam' }), BOUNCES);
    expect(await reason(address)).toBe('CONSENT');
  });
});

describe('the listener', () => {
  it('takes mail for no other address, and relays none', async () => {
    for (const to of ['somebody@recipient.example', 'else@mail.example.nl', `${STOP}.example.org`])
      expect(await handOver(optOutMail('x'), to, 'a@b.example')).toMatch(/^550 5\.1\.1/);
  });

  it('refuses a message that is too large, and goes on', async () => {
    const raw = `${optOutMail('large')}${'x'.repeat(76).concat('\r\n').repeat(15_000)}`;
    expect(await handOver(raw, STOP, 'a@b.example')).toMatch(/^552 /);
    expect(await handOver(optOutMail('small'), STOP, 'a@b.example')).toMatch(/^250 /);
  });
});

describe('a message that the log cannot take now', () => {
  it('is left with its sender, at both doors, and recorded when it is sent again (P4)', async () => {
    const { address, mail } = await reached();
    const raw = optOutMail(mail.token);
    const log = new Database(join(service.directory, 'log.sqlite'));
    log.exec("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END");
    expect(await handOver(raw, STOP, address)).toMatch(/^451 4\.3\.0/);
    const posted = await post(raw);
    expect(posted.status).toBeGreaterThanOrEqual(500);
    log.exec('DROP TRIGGER full');
    log.close();
    expect(await reason(address)).toBe('CONSENT');
    expect(await handOver(raw, STOP, address)).toMatch(/^250 /);
    expect(await reason(address)).toBe('OPTED_OUT');
  });
});

describe('POST /v1/inbound', () => {
  it('records the same as the listener, and answers what it was', async () => {
    const { address, mail } = await reached();
    const bounced = await post(deliveryReport(mail), { 'X-Envelope-To': mail.returnPath, 'X-Envelope-From': '<>' });
    expect([bounced.status, bounced.body]).toStrictEqual([
      200,
      { kind: 'bounce', recorded: [{ eventId: expect.any(String), type: 'MailBounced' }] },
    ]);
    expect(await reason(address)).toBe('UNDELIVERABLE');
    const automatic = await post(optOutMail('Afwezig', 'Auto-Submitted: auto-replied'));
    expect(automatic.body).toStrictEqual({ kind: 'automatic-reply', recorded: [] });
    const other = await post(optOutMail('Hallo'));
    expect(other.body).toStrictEqual({ kind: 'other', recorded: [], why: 'no-token' });
  });

  it('takes a key with its own scope only, and a raw message only', async () => {
    expect((await service.request('POST', '/v1/inbound', { raw: 'x', key: null })).status).toBe(401);
    const json = await service.post('/v1/inbound', { kind: 'bounce' });
    expect([json.status, json.body.code]).toStrictEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    const large = await post('x'.repeat(1024 * 1024 + 1));
    expect([large.status, large.body.code]).toStrictEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect((await post('')).status).toBe(400);
    expect((await post(optOutMail('x'), { 'X-Envelope-To': 'x'.repeat(5000) })).status).toBe(400);
  });
});

describe('what is told of mail that came in', () => {
  it('is counted by kind, and names no person in the metrics or the log', async () => {
    const { text } = await service.get('/metrics');
    for (const kind of ['opt-out', 'bounce', 'complaint', 'automatic-reply', 'other'])
      expect(text).toMatch(new RegExp(`consent_ledger_inbound_mail_total\\{kind="${kind}"\\} [1-9]`));
    const waiting = (await keptMail()).length;
    expect(waiting).toBeGreaterThan(0);
    expect(text).toContain(`\nconsent_ledger_kept_mail_messages ${waiting}\n`);
    expect(text).toMatch(/^consent_ledger_kept_mail_oldest_seconds \d/m);
    const told = text + JSON.stringify(logger.lines);
    expect(told).not.toMatch(/recipient\.example|somebody|iemand|bounces\+/);
  });
});
