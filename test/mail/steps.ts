import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { START, type RecordedEvent } from '@consent-ledger/event-store';
import { simpleParser, type ParsedMail } from 'mailparser';
import { openLogOf } from '../support/engines.js';
import { eventually, type Reply, type TestService } from '../support/service.js';

/** What the steps need of a service, in this process or in another one. */
export type Service = Pick<TestService, 'post' | 'get' | 'directory'>;

export interface MailingOptions {
  readonly id?: string;
  readonly purpose?: string;
  readonly template?: string;
  readonly subject?: string;
  readonly language?: string;
  readonly variables?: object;
  readonly recipients?: readonly object[];
}

/** Gives consent on the shipped form; answers the contact's id. */
export async function optIn(service: Service, address: string, purposes = ['newsletter']): Promise<string> {
  const { body } = await accepted(
    service.post('/v1/opt-ins', {
      address,
      purposes,
      statement: { id: 'signup-form', version: 1, language: 'nl' },
      source: { kind: 'web-form' },
    }),
  );
  return body.contactId;
}

export async function optOut(service: Service, address: string, purposes: string[] | 'all' = 'all'): Promise<void> {
  await accepted(service.post('/v1/opt-outs', { address, purposes, source: { kind: 'customer-service' } }));
}

/** What the log itself says now, whatever the projection knows. */
export async function verdictOf(service: Service, address: string, purpose = 'newsletter'): Promise<Reply['body']> {
  const { body } = await accepted(service.post('/v1/eligibility', { address, purpose, consistency: 'strong' }));
  return body;
}

export async function startMailing(service: Service, options: MailingOptions): Promise<Reply['body']> {
  const mailing = { purpose: 'newsletter', template: 'newsletter', subject: 'Lente', ...options };
  const { body } = await accepted(service.post('/v1/mailings', mailing));
  return body;
}

/** The counts of a mailing once nothing of it is pending. */
export function completed(service: Service, id: string, seconds?: number): Promise<Reply['body']> {
  return eventually(async () => {
    const { body } = await accepted(service.get(`/v1/mailings/${id}`));
    if (body.state !== 'completed') throw new Error(`The mailing is ${JSON.stringify(body)}`);
    return body;
  }, seconds);
}

export async function deliveriesOf(service: Service, contactId: string): Promise<Reply['body']> {
  return (await accepted(service.get(`/v1/contacts/${contactId}/deliveries`))).body;
}

/** The messages in the outbox by recipient; a recipient who got two is told twice. */
export async function outboxOf({ directory }: Pick<Service, 'directory'>): Promise<Map<string, ParsedMail[]>> {
  const folder = join(directory, 'outbox');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.eml'));
  const mails = await Promise.all(names.map(async (name) => simpleParser(await readFile(join(folder, name)))));
  const byRecipient = new Map<string, ParsedMail[]>();
  for (const mail of mails) {
    const address = [mail.to].flat()[0]!.value[0]!.address!;
    byRecipient.set(address, [...(byRecipient.get(address) ?? []), mail]);
  }
  return byRecipient;
}

/** The only message in the outbox for an address, once it is there. */
export function mailTo(service: Pick<Service, 'directory'>, address: string): Promise<ParsedMail> {
  return eventually(async () => {
    const mails = (await outboxOf(service)).get(address) ?? [];
    if (mails.length !== 1) throw new Error(`The outbox holds ${mails.length} messages for this address.`);
    return mails[0]!;
  });
}

/** Every event of the log, read past the service. */
export async function logOf({ directory }: Pick<Service, 'directory'>): Promise<readonly RecordedEvent[]> {
  const store = await openLogOf(directory);
  const events = await store.readAll(START, 1_000_000);
  await store.close();
  return events;
}

/** The events of what was meant for a contact, in order. */
export async function deliveryEventsOf(service: Pick<Service, 'directory'>, contactId: string) {
  const events = await logOf(service);
  return events.filter(({ streamId, data }) => streamId.startsWith('delivery-') && data['contactId'] === contactId);
}

async function accepted(answer: Promise<Reply>): Promise<Reply> {
  const reply = await answer;
  if (reply.status >= 300) throw new Error(`Answered ${reply.status}: ${reply.text}`);
  return reply;
}
