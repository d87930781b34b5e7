import { CONFIRMATIONS, type Letter } from '@consent-ledger/application';
import { compilePolicy } from '@consent-ledger/consent';
import { createLinks } from '@consent-ledger/links';
import { loadTemplates, type MailTransport, type OutgoingMessage, type SendOutcome } from '@consent-ledger/mail';
import { anna, shippedPolicy } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { simpleParser } from 'mailparser';
import { createMailRoom, type MailRoomOptions } from './mail-room.js';

const templates = await loadTemplates(undefined);
const policy = compilePolicy(shippedPolicy);

const letter = (delivery: Partial<Letter['delivery']> = {}, others: Partial<Letter> = {}): Letter => ({
  delivery: {
    deliveryId: 'delivery-1',
    mailingId: 'spring',
    contactId: anna.contactId,
    purpose: 'newsletter',
    template: 'newsletter',
    language: 'nl',
    ...delivery,
  },
  address: anna.address,
  variables: { title: 'Lente' },
  subject: 'Lente',
  policy,
  date: Date.UTC(2024, 2, 1),
  ...others,
});

/** A mail room whose transport keeps what it is handed, and answers as it is told. */
function givenMailRoom(
  options: Partial<MailRoomOptions> = {},
  outcome: SendOutcome = { status: 'sent', response: '250' },
) {
  const handed: OutgoingMessage[] = [];
  const transport: MailTransport = {
    send: async (message) => {
      handed.push(message);
      return outcome;
    },
    verify: async () => undefined,
    close: async () => undefined,
  };
  const publicUrl = 'https://voorkeuren.example.nl';
  const links = createLinks({ keys: [{ id: 'k1', secret: Buffer.alloc(32, 'link') }], publicUrl });
  const mailRoom = createMailRoom({
    templates,
    transport,
    links,
    publicUrl,
    from: undefined,
    unsubscribeBy: undefined,
    ...options,
  });
  const send = async (wanted: Letter) => (await mailRoom.prepare(wanted)).send();
  const mail = async (wanted: Letter) => {
    await send(wanted);
    const parsed = await simpleParser(handed.at(-1)!.raw);
    const headers = new Map(parsed.headerLines.map(({ key, line }) => [key, line.replace(/\r\n\s+/g, ' ')]));
    return { ...parsed, lines: headers };
  };
  return { mailRoom, handed, links, send, mail };
}

describe('A commercial message', () => {
  it('has a way out that is signed for this contact, purpose and mailing', async () => {
    const { mail, links } = givenMailRoom();
    const { text, lines } = await mail(letter());
    const [, token] = /voorkeuren\.example\.nl\/u\/([\w.-]+)/.exec(text!)!;
    expect(lines.get('list-unsubscribe')).toContain(`<https://voorkeuren.example.nl/u/${token}>`);
    expect(await links.verify('unsubscribe', token!, Date.now())).toStrictEqual({
      ok: true,
      claims: { kind: 'unsubscribe', contactId: anna.contactId, purpose: 'newsletter', mailing: 'spring' },
    });
  });

  it.each([
    ['https://voorkeuren.example.nl', 'newsletter.voorkeuren.example.nl'],
    ['http://127.0.0.1:3000', 'newsletter.dnp-groep.nl'],
    ['http://localhost:3000', 'newsletter.dnp-groep.nl'],
  ])('sent from %s belongs to the list %s', async (publicUrl, list) => {
    const { mail } = givenMailRoom({ publicUrl });
    expect((await mail(letter())).lines.get('list-id')).toContain(`: "Nieuwsbrief" <${list}>`);
  });

  it('names its list and purpose in the language of the recipient', async () => {
    const { mail } = givenMailRoom();
    const { text, lines } = await mail(letter({ language: 'en' }));
    expect(lines.get('list-id')).toContain('"Newsletter"');
    expect(text).toContain('This mail is part of: Newsletter.');
  });

  it('is from the configured address, and takes opt-outs at another', async () => {
    const { mail } = givenMailRoom({ from: 'nieuws@dnp-groep.nl', unsubscribeBy: 'afmelden@dnp-groep.nl' });
    const { from, lines } = await mail(letter());
    expect(from!.value).toStrictEqual([{ name: 'DNP Giftcard BV', address: 'nieuws@dnp-groep.nl' }]);
    expect(lines.get('list-unsubscribe')).toContain('<mailto:afmelden@dnp-groep.nl?subject=');
  });

  it('is the same to the byte when it is made again', async () => {
    const { send, handed } = givenMailRoom();
    await send(letter());
    await send(letter());
    expect(handed[0]).toStrictEqual(handed[1]);
  });
});

describe('Service mail', () => {
  it('bears nothing of a list', async () => {
    const { mail } = givenMailRoom();
    const { lines, text } = await mail(letter({ purpose: 'service', template: 'service-notice' }));
    expect([...lines.keys()].filter((name) => name.startsWith('list-'))).toStrictEqual([]);
    expect(text).not.toContain('/u/');
  });

  it('is not made of a commercial template', async () => {
    const { mailRoom } = givenMailRoom();
    await expect(mailRoom.prepare(letter({ purpose: 'service' }))).rejects.toThrow();
  });
});

describe('The mail that asks to confirm an opt-in', () => {
  it('has a link that is signed for that request, names what was asked for and has a subject of its own', async () => {
    const { mail, links } = givenMailRoom();
    const { text, subject, lines } = await mail(
      letter(
        {
          mailingId: CONFIRMATIONS,
          purpose: 'confirmation',
          template: 'confirm-opt-in',
          requestId: 'request-1',
          requestedPurposes: ['newsletter', 'event-invitation'],
        },
        { subject: undefined, variables: {} },
      ),
    );
    expect(subject).not.toBe('');
    expect(text).toMatch(/\* Nieuwsbrief\s+\* Uitnodigingen voor events/);
    const [, token] = /\/confirm\/([\w.-]+)/.exec(text!)!;
    expect(await links.verify('confirm', token!, Date.now())).toMatchObject({
      ok: true,
      claims: { requestId: 'request-1' },
    });
    expect([...lines.keys()].filter((name) => name.startsWith('list-'))).toStrictEqual([]);
  });
});

describe('What came of handing over', () => {
  it.each([
    [{ status: 'sent', response: '250 2.0.0' }, { status: 'sent' }],
    [{ status: 'unknown', code: 'ECONNRESET' }, { status: 'unknown' }],
    [
      { status: 'deferred', code: '450 4.7.1' },
      { status: 'deferred', code: '450 4.7.1' },
    ],
    [{ status: 'deferred' }, { status: 'deferred' }],
    [
      { status: 'rejected', code: '550 5.1.1', at: 'recipient' },
      { status: 'rejected', code: '550 5.1.1' },
    ],
  ] as const)('%j is told as %j', async (outcome, told) => {
    const { send } = givenMailRoom({}, outcome);
    expect(await send(letter())).toStrictEqual(told);
  });

  it('cannot be looked up where the transport keeps nothing', async () => {
    const { mailRoom } = givenMailRoom();
    expect(await mailRoom.wasSent('delivery-1')).toBeUndefined();
  });
});
