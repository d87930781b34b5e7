import {
  occasionOf,
  UnmakeableMessage,
  type Letter,
  type MailRoom,
  type PreparedMail,
  type SendOutcome,
} from '@consent-ledger/application';
import { NEVER, type PolicyDocument } from '@consent-ledger/consent';
import type { Links, ReturnPaths } from '@consent-ledger/links';
import {
  composeMessage,
  MessageRefused,
  returnPathOf,
  type ComposedMessage,
  type MailTransport,
  type MessageInput,
  type MessageSigner,
  type TemplateVariables,
  type Templates,
} from '@consent-ledger/mail';
import { dateInWords } from '@consent-ledger/platform';

export interface MailRoomOptions {
  readonly templates: Templates;
  readonly transport: MailTransport;
  readonly links: Links;
  readonly returnPaths: Pick<ReturnPaths, 'markOf'>;
  /** Signs each message; nothing is signed without it. */
  readonly sign: MessageSigner | undefined;
  /** Where recipients reach the service; its host names the mailing lists. */
  readonly publicUrl: string;
  /** The address mails are from; the controller's when absent. */
  readonly from: string | undefined;
  /** The address that takes opt-outs by mail; the controller's when absent. */
  readonly unsubscribeBy: string | undefined;
  /** The address that takes bounces; the sender's when absent. */
  readonly bouncesTo: string | undefined;
  /** How long a link to the preference page opens it, in hours from when it was asked for. */
  readonly preferenceLinkHours: number;
}

const HOUR = 60 * 60_000;

/** Makes each message out of its template, its links and the policy's sender, and hands it to the transport. */
export function createMailRoom(options: MailRoomOptions): MailRoom {
  const { transport } = options;
  return {
    async prepare(letter): Promise<PreparedMail> {
      const { raw, envelope: written } = await make(letter, options);
      const { deliveryId } = letter.delivery;
      const envelope = { ...written, from: envelopeSender(deliveryId, options) ?? written.from };
      return { send: async () => outcomeOf(await transport.send({ deliveryId, raw, envelope })) };
    },
    wasSent: async (deliveryId) => transport.wasSent?.(deliveryId),
  };
}

/** What comes back to this address is about this delivery, and cannot be forged. */
function envelopeSender(deliveryId: string, { bouncesTo, returnPaths }: MailRoomOptions): string | undefined {
  const mark = returnPaths.markOf(deliveryId);
  return bouncesTo === undefined || mark === undefined ? undefined : returnPathOf(bouncesTo, mark);
}

async function make(letter: Letter, options: MailRoomOptions): Promise<ComposedMessage> {
  try {
    return await composeMessage(await inputFor(letter, options), options.sign);
  } catch (error) {
    if (error instanceof MessageRefused) throw new UnmakeableMessage(error.message, { cause: error });
    throw error;
  }
}

function inputFor(letter: Letter, options: MailRoomOptions): Promise<MessageInput> {
  switch (occasionOf(letter.delivery.mailingId)) {
    case 'mailing':
      return mailing(letter, options);
    case 'confirmation':
      return confirmation(letter, options);
    case 'reconsent':
      return reconsent(letter, options);
    case 'preferences':
      return preferenceLink(letter, options);
  }
}

async function mailing(letter: Letter, options: MailRoomOptions): Promise<MessageInput> {
  const { delivery, policy, variables, subject } = letter;
  const { purpose, language, template } = delivery;
  const { document } = policy;
  const name = inLanguage(document.purposes[purpose]?.name, language) ?? purpose;
  if (!policy.purposes.get(purpose)?.commercial) {
    const bodies = options.templates.render(template, language, {
      controller: document.controller,
      purpose: { kind: 'operational' },
      variables,
    });
    return {
      ...base(letter, options),
      ...bodies,
      subject: subject ?? bodies.subject!,
      purpose: { kind: 'operational' },
    };
  }
  const bodies = await commercial(letter, options, { purpose, name, stops: [purpose] }, variables);
  return { ...bodies, subject: subject ?? bodies.subject! };
}

/** A mail about consent is part of no purpose's list: its way out stops what it asks about, and no more. */
async function reconsent(letter: Letter, options: MailRoomOptions): Promise<MessageInput> {
  const { delivery, policy, asked = [] } = letter;
  const { contactId, promptId, language } = delivery;
  const url = await options.links.urlFor({ kind: 'reconsent', contactId, promptId: promptId! });
  const purposes = asked.map(({ purpose, endsAt }) => {
    const { name, description } = policy.document.purposes[purpose] ?? {};
    const until = endsAt === NEVER ? undefined : dateInWords(endsAt, language, policy.calendar.timeZone);
    return { name: inLanguage(name, language) ?? purpose, description: inLanguage(description, language), until };
  });
  const name = new Intl.ListFormat(language).format(purposes.map((purpose) => purpose.name));
  const list = { purpose: 'reconsent', name, stops: asked.map(({ purpose }) => purpose), isAutomatic: true } as const;
  const { subject, ...message } = await commercial(letter, options, list, { url, purposes });
  return { ...message, subject: subject! };
}

/** What a commercial message belongs to, and what its way out stops. */
interface Subscription {
  readonly purpose: string;
  readonly name: string;
  readonly stops: readonly string[];
  readonly isAutomatic?: true;
}

async function commercial(
  letter: Letter,
  options: MailRoomOptions,
  { purpose, name, stops: [first, ...further], isAutomatic }: Subscription,
  variables: TemplateVariables,
): Promise<Omit<MessageInput, 'subject'> & { readonly subject?: string }> {
  const { contactId, mailingId, template, language } = letter.delivery;
  const { document } = letter.policy;
  const url = await options.links.urlFor({
    kind: 'unsubscribe',
    contactId,
    purpose: first!,
    ...(further.length > 0 && { furtherPurposes: further }),
    mailing: mailingId,
  });
  const bodies = options.templates.render(template, language, {
    controller: document.controller,
    purpose: { kind: 'commercial', stops: name, unsubscribeUrl: url },
    variables,
  });
  return {
    ...base(letter, options),
    ...bodies,
    purpose: {
      kind: 'commercial',
      list: { purpose, host: listHost(options.publicUrl, sender(document, options)), name },
      unsubscribe: {
        url,
        address: options.unsubscribeBy ?? document.controller.email,
        token: url.slice(url.lastIndexOf('/') + 1),
      },
      campaign: mailingId,
      ...(isAutomatic && { isAutomatic }),
    },
  };
}

async function confirmation(letter: Letter, options: MailRoomOptions): Promise<MessageInput> {
  const { delivery, policy } = letter;
  const { contactId, requestId, requestedPurposes, language, template } = delivery;
  const { document } = policy;
  const url = await options.links.urlFor({ kind: 'confirm', contactId, requestId: requestId! });
  const purposes = (requestedPurposes ?? []).map(
    (purpose) => inLanguage(document.purposes[purpose]?.name, language) ?? purpose,
  );
  const { html, text, subject } = options.templates.render(template, language, {
    controller: document.controller,
    purpose: { kind: 'operational' },
    variables: { url, purposes },
  });
  return { ...base(letter, options), html, text, subject: subject!, purpose: { kind: 'confirmation' } };
}

/** It works from when it was asked for, so that a message that is made again is the same message. */
async function preferenceLink(letter: Letter, options: MailRoomOptions): Promise<MessageInput> {
  const { delivery, policy, date } = letter;
  const { contactId, language, template } = delivery;
  const hours = options.preferenceLinkHours;
  const url = await options.links.urlFor({ kind: 'preferences', contactId, expiresAt: date + hours * HOUR });
  const { html, text, subject } = options.templates.render(template, language, {
    controller: policy.document.controller,
    purpose: { kind: 'operational' },
    variables: { url, duration: hoursInWords(hours, language) },
  });
  return { ...base(letter, options), html, text, subject: subject!, purpose: { kind: 'preference-link' } };
}

function hoursInWords(hours: number, language: string): string {
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'hour', unitDisplay: 'long' }).format(hours);
}

function base({ delivery, address, policy, date }: Letter, options: MailRoomOptions) {
  const { document } = policy;
  return {
    deliveryId: delivery.deliveryId,
    language: delivery.language,
    date,
    from: { name: document.controller.name, address: sender(document, options) },
    to: { address },
  };
}

function sender({ controller }: PolicyDocument, { from }: MailRoomOptions): string {
  return from ?? controller.email;
}

/** A list is named under a domain of the sender: the service's own, or that of the address when it has none. */
function listHost(publicUrl: string, from: string): string {
  const { hostname } = new URL(publicUrl);
  return /[a-z]/i.test(hostname) && hostname.includes('.') ? hostname : from.slice(from.lastIndexOf('@') + 1);
}

function inLanguage(texts: Readonly<Record<string, string>> | undefined, language: string): string | undefined {
  return texts && (texts[language] ?? Object.values(texts)[0]);
}

function outcomeOf(outcome: Awaited<ReturnType<MailTransport['send']>>): SendOutcome {
  if (outcome.status === 'sent' || outcome.status === 'unknown') return { status: outcome.status };
  return { status: outcome.status, ...(outcome.code !== undefined && { code: outcome.code }) };
}
