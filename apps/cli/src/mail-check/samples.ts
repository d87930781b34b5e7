import { randomBytes, randomUUID } from 'node:crypto';
import type { Instant, PolicyDocument } from '@consent-ledger/consent';
import { createLinks, type Links } from '@consent-ledger/links';
import {
  composeMessage,
  type ComposedMessage,
  type MessageInput,
  type MessageSigner,
  type Templates,
} from '@consent-ledger/mail';

/** What samples are made of. */
export interface SampleOptions {
  readonly templates: Templates;
  readonly document: PolicyDocument;
  readonly publicUrl: string;
  readonly from: string;
  readonly unsubscribeBy: string;
  readonly to: string;
  readonly now: Instant;
  readonly sign: MessageSigner | undefined;
}

/** A message as the mailer would make it, of a template in one language. */
export interface Sample {
  readonly template: string;
  readonly language: string;
  readonly isCommercial: boolean;
  readonly deliveryId: string;
  readonly message: ComposedMessage;
}

const CAMPAIGN = 'ledger-mail-check';
/** Of the length of a real one. */
const NOBODY = 'a'.repeat(26);

const TEXT = {
  title: 'Een proefmail ✓',
  name: 'Zoë',
  intro: 'Dit is een proef van ledger mail check. This is a test: its links lead nowhere.',
  body: 'Dit is een proef van ledger mail check. This is a test: its links lead nowhere.',
  when: '21 maart',
  where: 'Café “de Proef”',
};

/**
 * Composes a message of a template in a language, with links that no service signed. Throws `MessageRefused` as the mailer
 * would meet it.
 */
export async function composeSample(template: string, language: string, options: SampleOptions): Promise<Sample> {
  const isCommercial = options.templates.kind(template) === 'commercial';
  // A key of the moment: a sample must not hold a link that does something.
  const secret = randomBytes(32);
  const links = createLinks({ keys: [{ id: 'sample', secret }], publicUrl: options.publicUrl });
  const input = await (isCommercial ? commercial : operational)(template, language, links, options);
  const message = await composeMessage(input, options.sign);
  return { template, language, isCommercial, deliveryId: input.deliveryId, message };
}

async function commercial(
  template: string,
  language: string,
  links: Links,
  options: SampleOptions,
): Promise<MessageInput> {
  const { document, templates, unsubscribeBy, from } = options;
  const [purpose, name] = firstCommercial(document, language);
  const url = await links.urlFor({ kind: 'unsubscribe', contactId: NOBODY, purpose, mailing: CAMPAIGN });
  const answer = await links.urlFor({ kind: 'reconsent', contactId: NOBODY, promptId: randomUUID() });
  const { subject = TEXT.title, ...bodies } = templates.render(template, language, {
    controller: document.controller,
    purpose: { kind: 'commercial', stops: name, unsubscribeUrl: url },
    variables: { ...TEXT, url: answer, purposes: [{ name }] },
  });
  return {
    ...base(language, options),
    ...bodies,
    subject,
    purpose: {
      kind: 'commercial',
      list: { purpose, host: from.slice(from.lastIndexOf('@') + 1), name },
      unsubscribe: { url, address: unsubscribeBy, token: url.slice(url.lastIndexOf('/') + 1) },
      campaign: CAMPAIGN,
    },
  };
}

async function operational(
  template: string,
  language: string,
  links: Links,
  options: SampleOptions,
): Promise<MessageInput> {
  const { document, templates } = options;
  const [, name] = firstCommercial(document, language);
  const url = await links.urlFor({ kind: 'confirm', contactId: NOBODY, requestId: randomUUID() });
  const { subject, ...bodies } = templates.render(template, language, {
    controller: document.controller,
    purpose: { kind: 'operational' },
    variables: { ...TEXT, url, purposes: [name] },
  });
  // A template with a subject of its own is of a mail that the service sends of itself.
  const purpose = { kind: subject === undefined ? 'operational' : 'confirmation' } as const;
  return { ...base(language, options), ...bodies, subject: subject ?? TEXT.title, purpose };
}

function base(language: string, { document, from, to, now }: SampleOptions) {
  const mailbox = { name: document.controller.name, address: from };
  return { deliveryId: randomUUID(), date: now, from: mailbox, to: { address: to }, language };
}

function firstCommercial({ purposes }: PolicyDocument, language: string): readonly [string, string] {
  const all = Object.entries(purposes);
  const [name, { name: names }] = all.find(([, { kind }]) => kind === 'commercial') ?? all[0]!;
  return [name, names[language] ?? Object.values(names)[0] ?? name];
}
