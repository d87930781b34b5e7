import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startService, type TestService } from '../support/service.js';
import { createGate, recipientsOf, startMailServer, type MailServer } from './mail-server.js';
import {
  completed,
  deliveriesOf,
  deliveryEventsOf,
  optIn,
  optOut,
  startMailing,
  verdictOf,
  type MailingOptions,
} from './steps.js';

let server: MailServer;
let service: TestService;

beforeEach(async () => {
  server = await startMailServer();
});
afterEach(async () => {
  await service.stop();
  await server.close();
});

async function givenService(environment: Record<string, string> = {}): Promise<void> {
  service = await startService({ environment: { SMTP_URL: server.url, ...environment } });
}

/** Gives consent for each of the names and starts a mailing to them; answers their contact ids. */
async function givenMailing(names: readonly string[], options: MailingOptions = {}): Promise<string[]> {
  const contactIds: string[] = [];
  for (const name of names) contactIds.push(await optIn(service, `${name}@example.nl`));
  const recipients = names.map((name) => ({ address: `${name}@example.nl` }));
  await startMailing(service, { id: 'spring', recipients, ...options });
  return contactIds;
}

const typesOf = async (contactId: string) => (await deliveryEventsOf(service, contactId)).map(({ type }) => type);

describe('a message as it arrives', () => {
  const received = async () => {
    await completed(service, 'spring');
    expect(server.taken).toHaveLength(1);
    const [mail] = server.taken;
    const header = (name: string) =>
      mail!.headerLines
        .find(({ key }) => key === name)
        ?.line.replace(/^[^:]+:\s*/, '')
        .replace(/\r\n\s+/g, ' ');
    return { mail: mail!, header };
  };

  it('bears the headers of RFC 8058 with an https link, and the list of its purpose', async () => {
    await givenService({ PUBLIC_URL: 'https://voorkeuren.example.nl' });
    await givenMailing(['an']);
    const { header } = await received();
    expect(header('list-unsubscribe')).toMatch(
      /^<mailto:klantenservice@dnp-groep\.nl\?subject=[\w.-]+>, <https:\/\/voorkeuren\.example\.nl\/u\/[\w.-]+>$/,
    );
    expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
    expect(header('list-id')).toBe('"Nieuwsbrief" <newsletter.voorkeuren.example.nl>');
    const [mailto, https] = header('list-unsubscribe')!.split(', ');
    expect(/subject=(.*)>/.exec(mailto!)![1]).toBe(/\/u\/(.*)>/.exec(https!)![1]);
  });

  it('bears an http link only where the service is on the machine itself', async () => {
    await givenService();
    await givenMailing(['an']);
    const { header } = await received();
    expect(header('list-unsubscribe')).toContain(`<${service.url}/u/`);
    expect(header('list-id')).toBe('"Nieuwsbrief" <newsletter.dnp-groep.nl>');
  });

  it('comes from the controller, in plain text and HTML, and has one Message-ID that is its delivery', async () => {
    await givenService({ MAIL_FROM: 'nieuws@dnp-groep.nl', MAIL_UNSUBSCRIBE: 'afmelden@dnp-groep.nl' });
    const [contactId] = await givenMailing(['an'], { subject: 'Lentenieuws, één keer' });
    const { mail, header } = await received();
    expect(mail.from!.value).toStrictEqual([{ name: 'DNP Giftcard BV', address: 'nieuws@dnp-groep.nl' }]);
    expect(mail.subject).toBe('Lentenieuws, één keer');
    expect(header('content-type')).toMatch(/^multipart\/alternative/);
    expect([mail.text, mail.html].every((body) => String(body).includes('/u/'))).toBe(true);
    expect(header('list-unsubscribe')).toContain('<mailto:afmelden@dnp-groep.nl?');
    const [{ deliveryId }] = await deliveriesOf(service, contactId!);
    expect(mail.messageId).toBe(`<${deliveryId}@dnp-groep.nl>`);
  });

  it('shows no address of the recipient but in To', async () => {
    await givenService();
    await givenMailing(['an.smit']);
    const { mail } = await received();
    const elsewhere = mail.headerLines.filter(({ key }) => key !== 'to').map(({ line }) => line);
    expect([...elsewhere, mail.text, mail.html].join('\n')).not.toContain('an.smit');
  });
});

describe('the verdict', () => {
  it('is on record before the message leaves', async () => {
    await givenService();
    const contactId = await optIn(service, 'an@example.nl');
    const seen: string[][] = [];
    server.behave({
      async message() {
        seen.push(await typesOf(contactId));
      },
    });
    await startMailing(service, { id: 'spring', recipients: [{ address: 'an@example.nl' }] });
    await completed(service, 'spring');
    expect(seen).toStrictEqual([['DeliveryRequested', 'DeliveryStarted']]);
    const [, started] = await deliveryEventsOf(service, contactId);
    expect(started!.data['verdict']).toMatchObject({ eligible: true, reason: 'CONSENT' });
  });

  it('keeps the mailing from a recipient who opts out while it runs (P4)', async () => {
    await givenService({ MAIL_CONCURRENCY: '1' });
    const gate = createGate();
    server.behave({ message: () => gate.opened });
    await givenMailing(['een', 'twee', 'drie', 'vier']);
    const [first] = await eventually(() => {
      if (server.asked.length !== 1) throw new Error(`${server.asked.length} messages are under way.`);
      return server.asked;
    });
    const others = ['een', 'twee', 'drie', 'vier'].map((name) => `${name}@example.nl`);
    const next = others.filter((address) => address !== first!.address);
    await optOut(service, next[0]!);
    await optOut(service, next[1]!, ['newsletter']);
    gate.open();
    expect(await completed(service, 'spring')).toMatchObject({ sent: 2, suppressed: { OPTED_OUT: 2 } });
    expect(recipientsOf(server.taken).sort()).toStrictEqual([first!.address, next[2]!].sort());
  });

  it('is asked for again at every try: an opt-out between two tries is kept to', async () => {
    await givenService();
    const gate = createGate();
    server.behave({
      async message() {
        await gate.opened;
        return '451 4.3.0 try later';
      },
    });
    const [contactId] = await givenMailing(['an']);
    await eventually(() => expect(server.asked).toHaveLength(1));
    await optOut(service, 'an@example.nl');
    gate.open();
    expect(await completed(service, 'spring')).toMatchObject({ sent: 0, suppressed: { OPTED_OUT: 1 } });
    expect(await typesOf(contactId!)).toStrictEqual([
      'DeliveryRequested',
      'DeliveryStarted',
      'DeliveryDeferred',
      'DeliverySuppressed',
    ]);
    expect(server.taken).toHaveLength(0);
  });
});

describe('a temporary failure', () => {
  it('is tried again, each time after twice the wait, until the message is taken', async () => {
    await givenService();
    server.behave({ recipient: () => (server.asked.length <= 3 ? '450 4.7.1 greylisted' : undefined) });
    const [contactId] = await givenMailing(['an']);
    expect(await completed(service, 'spring')).toMatchObject({ sent: 1, failed: 0 });
    expect(recipientsOf(server.taken)).toStrictEqual(['an@example.nl']);
    const deferred = (await deliveryEventsOf(service, contactId!)).filter(({ type }) => type === 'DeliveryDeferred');
    const waits = deferred.map(
      ({ data, metadata }) => Date.parse(data['retryAt'] as string) - Date.parse(metadata['recordedAt'] as string),
    );
    expect(deferred.map(({ data }) => [data['attempt'], data['code']])).toStrictEqual([
      [1, '450 4.7.1'],
      [2, '450 4.7.1'],
      [3, '450 4.7.1'],
    ]);
    for (const [index, wait] of [50, 100, 200].entries()) expect(Math.abs(waits[index]! - wait)).toBeLessThan(40);
    for (const [index, wait] of [50, 100, 200].entries())
      expect(server.asked[index + 1]!.at - server.asked[index]!.at).toBeGreaterThan(wait - 10);
  });

  it('that lasts is a failure after MAIL_ATTEMPTS tries, and says nothing of the person', async () => {
    await givenService({ MAIL_ATTEMPTS: '3', MAIL_RETRY_SECONDS: '0.02' });
    server.behave({ recipient: () => '452 4.2.2 mailbox full' });
    const [contactId] = await givenMailing(['an']);
    expect(await completed(service, 'spring')).toMatchObject({ sent: 0, failed: 1, pending: 0 });
    expect(server.asked).toHaveLength(3);
    expect((await deliveryEventsOf(service, contactId!)).at(-1)).toMatchObject({
      type: 'DeliveryFailed',
      data: { attempt: 3, permanent: false, code: '452 4.2.2' },
    });
    expect(await verdictOf(service, 'an@example.nl')).toMatchObject({ eligible: true, reason: 'CONSENT' });
  });

  it('of one recipient holds up no other', async () => {
    await givenService({ MAIL_CONCURRENCY: '1', MAIL_ATTEMPTS: '2' });
    server.behave({ recipient: (address) => (address.startsWith('traag') ? '450 4.2.0 later' : undefined) });
    await givenMailing(['traag', 'een', 'twee']);
    expect(await completed(service, 'spring')).toMatchObject({ sent: 2, failed: 1 });
  });

  it('is what a mail server that is away is: nothing is lost when it comes back', async () => {
    const gone = await startMailServer();
    await gone.close();
    await givenService({ SMTP_URL: gone.url });
    await givenMailing(['an']);
    await eventually(async () => {
      const { body } = await service.get('/v1/mailings/spring');
      expect(body).toMatchObject({ state: 'sending', pending: 1 });
      const [{ status }] = await deliveriesOf(service, await contactOf('an@example.nl'));
      expect(status).toBe('deferred');
    });
    await service.restart({ SMTP_URL: server.url });
    expect(await completed(service, 'spring')).toMatchObject({ sent: 1, pending: 0 });
    expect(recipientsOf(server.taken)).toStrictEqual(['an@example.nl']);
  });

  const contactOf = async (address: string): Promise<string> =>
    (await service.post('/v1/contacts/lookup', { address })).body.contactId;
});

describe('a permanent failure', () => {
  it('of an address that does not exist makes the contact undeliverable, for service mail too', async () => {
    await givenService();
    server.behave({ recipient: () => '550 5.1.1 <weg@example.nl> no such user' });
    const [contactId] = await givenMailing(['weg']);
    expect(await completed(service, 'spring')).toMatchObject({ sent: 0, failed: 1 });
    expect(server.asked).toHaveLength(1);

    const failed = (await deliveryEventsOf(service, contactId!)).at(-1)!;
    expect(failed).toMatchObject({ type: 'DeliveryFailed', data: { permanent: true, code: '550 5.1.1' } });
    await eventually(async () => {
      for (const purpose of ['newsletter', 'service'])
        expect(await verdictOf(service, 'weg@example.nl', purpose)).toMatchObject({ reason: 'UNDELIVERABLE' });
    });
    await startMailing(service, {
      id: 'next',
      purpose: 'service',
      template: 'service-notice',
      recipients: [{ address: 'weg@example.nl' }],
    });
    expect(await completed(service, 'next')).toMatchObject({ suppressed: { UNDELIVERABLE: 1 } });
    expect(server.asked).toHaveLength(1);
  });

  it('of the message says nothing of the address', async () => {
    await givenService();
    server.behave({ message: () => '554 5.7.1 looks like spam' });
    await givenMailing(['an']);
    expect(await completed(service, 'spring')).toMatchObject({ sent: 0, failed: 1 });
    expect(server.asked).toHaveLength(1);
    expect(await verdictOf(service, 'an@example.nl')).toMatchObject({ eligible: true, reason: 'CONSENT' });
  });
});

describe('a connection that is lost after the message was handed over', () => {
  it('leaves it unknown: that is reported, and the message is never sent again', async () => {
    await givenService();
    server.behave({ message: (address) => (address.startsWith('weg') ? 'drop' : undefined) });
    const [contactId] = await givenMailing(['weg', 'an', 'bo']);
    expect(await completed(service, 'spring')).toMatchObject({ sent: 2, unknown: 1, failed: 0, pending: 0 });
    expect(await typesOf(contactId!)).toStrictEqual(['DeliveryRequested', 'DeliveryStarted', 'DeliveryOutcomeUnknown']);
    expect(await deliveriesOf(service, contactId!)).toMatchObject([{ status: 'unknown', reason: null }]);

    server.behave({});
    await service.restart();
    await startMailing(service, { id: 'spring', recipients: [{ address: 'weg@example.nl' }] });
    await startMailing(service, { id: 'after', recipients: [{ address: 'an@example.nl' }] });
    await completed(service, 'after');
    expect(server.asked.filter(({ address }) => address === 'weg@example.nl')).toHaveLength(1);
    const { text } = await service.get('/metrics');
    expect(text).not.toContain('weg@');
  });
});

describe('how fast it goes', () => {
  const crowd = Array.from({ length: 12 }, (_, number) => `lezer${number}`);

  it('has no more messages under way at once than MAIL_CONCURRENCY', async () => {
    await givenService({ MAIL_CONCURRENCY: '3' });
    const gate = createGate();
    server.behave({ message: () => gate.opened });
    await givenMailing(crowd);
    await eventually(() => expect(server.busiest).toBe(3));
    gate.open();
    expect(await completed(service, 'spring')).toMatchObject({ sent: 12 });
    expect(server.busiest).toBe(3);
  });

  it('sends no more messages a second than MAIL_RATE', async () => {
    await givenService({ MAIL_RATE: '10', MAIL_CONCURRENCY: '4' });
    await givenMailing(crowd);
    await completed(service, 'spring');
    expect(server.taken).toHaveLength(12);
    // The first messages wait for their connections, so the server sees them come closer together than they were sent.
    const took = server.asked.at(-1)!.at - server.asked[0]!.at;
    expect(took).toBeGreaterThan((11 * 100) / 2);
  });
});
