import { CONFIRMATIONS, PREFERENCE_LINKS, RECONSENT, type Letter } from '@consent-ledger/application';
import { compilePolicy } from '@consent-ledger/consent';
import { createLinks, createReturnPaths, stoppedBy } from '@consent-ledger/links';
import {
  loadTemplates,
  type MailTransport,
  type MessageSigner,
  type OutgoingMessage,
  type SendOutcome,
} from '@consent-ledger/mail';
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
  const keys = [{ id: 'k1', secret: Buffer.alloc(32, 'link') }];
  const links = createLinks({ keys, publicUrl });
  const returnPaths = createReturnPaths(keys);
  const mailRoom = createMailRoom({
    templates,
    transport,
    links,
    returnPaths,
    publicUrl,
    sign: undefined,
    from: undefined,
    unsubscribeBy: undefined,
    bouncesTo: undefined,
    preferenceLinkHours: 24,
    ...options,
  });
  const send = async (wanted: Letter) => (await mailRoom.prepare(wanted)).send();
  const mail = async (wanted: Letter) => {
    await send(wanted);
    const parsed = await simpleParser(handed.at(-1)!.raw);
    const headers = new Map(parsed.headerLines.map(({ key, line }) => [key, line.replace(/\r\n\s+/g, ' ')]));
    return { ...parsed, lines: headers };
  };
  return { mailRoom, handed, links, returnPaths, send, mail };
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
    expect(text).toContain('This email is part of: Newsletter.');
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

describe('A message that is signed', () => {
  it('is signed as it leaves, whatever it is for', async () => {
    const sign: MessageSigner = async (raw) => Buffer.concat([Buffer.from('X-Signed: yes\r\n'), raw]);
    const { mail } = givenMailRoom({ sign });
    expect((await mail(letter())).lines.get('x-signed')).toBe('X-Signed: yes');
    const service = await mail(letter({ purpose: 'service', template: 'service-notice' }));
    expect(service.lines.get('x-signed')).toBe('X-Signed: yes');
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

describe('The mail with a link to the preference page (P4)', () => {
  const asked = (language: string) =>
    letter(
      { mailingId: PREFERENCE_LINKS, purpose: 'preferences', template: 'preference-link', language },
      { subject: undefined, variables: {} },
    );

  it.each([
    ['nl', 24, 'Je link naar je voorkeuren', '24 uur', 'hoef je niets te doen'],
    ['en', 1, 'Your link to your preferences', '1 hour', 'there is nothing to do'],
  ])('says in "%s" how long its link works, and that nobody needs to act', async (language, hours, ...words) => {
    const { mail, links } = givenMailRoom({ preferenceLinkHours: hours });
    const { text, html, subject, lines } = await mail(asked(language));
    const [, token] = /\/preferences\/([\w.-]+)/.exec(text!)!;
    const expiresAt = Date.UTC(2024, 2, 1) + hours * 3_600_000;
    const claims = { kind: 'preferences', contactId: anna.contactId, expiresAt };
    expect(await links.verify('preferences', token!, expiresAt - 1)).toStrictEqual({ ok: true, claims });
    expect([subject, `${html}`]).toStrictEqual([expect.any(String), expect.stringContaining(`/preferences/${token}"`)]);
    for (const word of words.slice(1)) expect(text).toContain(word);
    expect(subject).toBe(words[0]);
    expect(lines.get('feedback-id')).toContain(':preference-link:');
    expect(lines.get('auto-submitted')).toContain('auto-generated');
    expect([...lines.keys()].filter((name) => name.startsWith('list-'))).toStrictEqual([]);
  });

  it('is the same to the byte when it is made again', async () => {
    const { send, handed } = givenMailRoom();
    await send(asked('nl'));
    await send(asked('nl'));
    expect(handed[0]).toStrictEqual(handed[1]);
  });
});

describe('The mail that asks for consent again (P5)', () => {
  const question = (delivery: Partial<Letter['delivery']> = {}, purposes = ['newsletter', 'event-invitation']) =>
    letter(
      {
        mailingId: RECONSENT,
        purpose: 'reconsent',
        template: 'reconsent',
        promptId: 'prompt-1',
        requestedPurposes: ['newsletter', 'event-invitation'],
        ...delivery,
      },
      {
        subject: undefined,
        variables: {},
        // In Amsterdam the first is on 31 March already, on a day when summer time has begun.
        asked: purposes.map((purpose, day) => ({ purpose, endsAt: Date.UTC(2027, 2, 30 + day, 22, 30) })),
      },
    );

  it('has a link to its answer that is signed for that prompt, and says until when an answer counts', async () => {
    const { mail, links } = givenMailRoom();
    const { text, subject } = await mail(question());
    expect(subject).toBe('Wil je onze berichten blijven ontvangen?');
    expect(text).toMatch(/\* Nieuwsbrief\n.*\nAntwoord vóór 31 maart 2027\n/);
    expect(text).toMatch(/\* Uitnodigingen voor events\n.*\nAntwoord vóór 1 april 2027\n/);
    const [, token] = /\/reconsent\/([\w.-]+)/.exec(text!)!;
    expect(await links.verify('reconsent', token!, Date.now())).toStrictEqual({
      ok: true,
      claims: { kind: 'reconsent', contactId: anna.contactId, promptId: 'prompt-1' },
    });
  });

  it('has a way out, in the header and in sight, that stops exactly what it asks about (P4)', async () => {
    const { mail, links } = givenMailRoom();
    for (const purposes of [['newsletter', 'event-invitation'], ['event-invitation']]) {
      const { text, lines } = await mail(question({}, purposes));
      const [, token] = /\/u\/([\w.-]+)/.exec(text!)!;
      expect(lines.get('list-unsubscribe')).toContain(`<https://voorkeuren.example.nl/u/${token}>`);
      expect(lines.get('list-unsubscribe')).toContain(`?subject=${token}>`);
      expect(lines.get('list-unsubscribe-post')).toBe('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
      const link = await links.verify('unsubscribe', token!, Date.now());
      expect(link.ok && stoppedBy(link.claims)).toStrictEqual(purposes);
    }
  });

  it('belongs to a list of its own, named by what it asks about', async () => {
    const { mail } = givenMailRoom();
    const { text, lines } = await mail(question({ language: 'en' }));
    expect(lines.get('list-id')).toContain(': "Newsletter and Event invitations" <reconsent.voorkeuren.example.nl>');
    expect(text).toContain('This email is part of: Newsletter and Event invitations.');
    expect(text).toContain('Please answer before 31 March 2027');
  });

  it('says that no person chose the moment, so that no automatic reply comes (RFC 3834); a mailing does not', async () => {
    const { mail } = givenMailRoom();
    expect((await mail(question())).lines.get('auto-submitted')).toBe('Auto-Submitted: auto-generated');
    expect((await mail(letter())).lines.has('auto-submitted')).toBe(false);
  });

  it('is counted by providers under its mailing and its purpose, and by nothing of the recipient', async () => {
    const { mail } = givenMailRoom();
    expect((await mail(letter())).lines.get('feedback-id')).toBe(
      'Feedback-ID: spring:newsletter:commercial:dnp-groep.nl',
    );
    expect((await mail(question())).lines.get('feedback-id')).toBe(
      'Feedback-ID: reconsent-prompts:reconsent:commercial:dnp-groep.nl',
    );
  });

  it('reminds under a subject of its own', async () => {
    const { mail } = givenMailRoom();
    const { subject } = await mail(question({ template: 'reconsent-reminder' }));
    expect(subject).toBe('Herinnering: wil je onze berichten blijven ontvangen?');
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

describe('The return path', () => {
  const deliveryId = '0197a3a2-0000-8000-8000-0000000000ff';

  it('names the delivery and is signed, where an address takes bounces', async () => {
    const { handed, returnPaths, send } = givenMailRoom({ bouncesTo: 'bounces@mail.example.nl' });
    await send(letter({ deliveryId }));
    const { from } = handed[0]!.envelope;
    const [, mark] = /^bounces\+(.+)@mail\.example\.nl$/.exec(from)!;
    expect(returnPaths.deliveryOf(mark!)).toBe(deliveryId);
    expect(from.indexOf('@')).toBeLessThanOrEqual(64);
  });

  it('is the sender where no address takes bounces', async () => {
    const { handed, send } = givenMailRoom();
    await send(letter({ deliveryId }));
    expect(handed[0]!.envelope.from).toBe(shippedPolicy.controller.email);
  });
});
