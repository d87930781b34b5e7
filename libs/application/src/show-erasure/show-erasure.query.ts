import type { ContactEventData, EndedGround } from '@consent-ledger/consent';
import { START, type JsonObject, type Position, type RecordedEvent } from '@consent-ledger/event-store';
import { Problem } from '@consent-ledger/platform';
import type { PersonalData } from '@consent-ledger/privacy';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Contact } from '../contact/load-contact.js';
import { DeliveryRepository } from '../deliver/delivery-repository.js';
import { MailingProgress } from '../mailing-progress.js';
import { PERSONAL_DATA } from '../ports.js';

/** What an erasure destroyed, and when, for the person and the supervisor (P7). It holds no personal data. */
export interface ErasureCertificate {
  readonly eventId: string;
  /** When the key was gone, RFC 3339; by retention that may be later than the end of the last ground. */
  readonly erasedAt: string;
  readonly requestedAt?: string;
  readonly reason: 'request' | 'retention';
  /** The grounds that ended, of an erasure by retention. */
  readonly grounds?: readonly EndedGround[];
  /** Whether the vault, asked just now, destroyed every key under which anything of before was sealed. */
  readonly keyDestroyed: boolean;
  /** What was destroyed, in words. */
  readonly destroyed: readonly string[];
}

/** The certificate of a contact's erasure: of the event named, or else of the latest. Throws `NOT_FOUND` without one. */
export class ShowErasureQuery extends Query<ErasureCertificate> {
  constructor(
    readonly contactId: string,
    readonly eventId?: string,
  ) {
    super();
  }
}

@QueryHandler(ShowErasureQuery)
export class ShowErasureHandler implements IQueryHandler<ShowErasureQuery> {
  constructor(
    private readonly contacts: ContactRepository,
    private readonly deliveries: DeliveryRepository,
    private readonly progress: MailingProgress,
    @Inject(PERSONAL_DATA) private readonly personalData: PersonalData,
  ) {}

  async execute({ contactId, eventId }: ShowErasureQuery): Promise<ErasureCertificate> {
    const contact = await this.contacts.load(contactId);
    const { erasure, after } = erasureOf(contact, eventId);
    const within = ({ position }: RecordedEvent) => position >= after && position < erasure.position;
    const events = sealedIn(contact.recorded.filter(within));
    const deliveries = sealedIn((await this.requestsOf(contactId)).filter(within));
    return {
      ...statementOf(erasure),
      keyDestroyed: await this.areErased([...events, ...deliveries]),
      destroyed: tellDestroyed(events.length, deliveries.length),
    };
  }

  /** The events by which messages to the contact were asked for: the address and the variables are sealed beside them. */
  private async requestsOf(contactId: string): Promise<RecordedEvent[]> {
    await this.progress.reachHead();
    const requests: RecordedEvent[] = [];
    for (const { deliveryId } of this.progress.view.deliveriesOf(contactId)) {
      const history = await this.deliveries.load(deliveryId);
      if (history) requests.push(history.events[0]!);
    }
    return requests;
  }

  private async areErased(sealed: readonly string[]): Promise<boolean> {
    const answers = await Promise.all(sealed.map((text) => this.personalData.isErased(text)));
    return answers.every(Boolean);
  }
}

/** The erasure, and the position from which on something was sealed that it and no earlier one destroyed. */
function erasureOf({ recorded }: Contact, eventId: string | undefined) {
  const erasures = recorded.filter(({ type }) => type === 'PersonalDataErased');
  const index = erasures.findLastIndex(({ id }) => eventId === undefined || id === eventId);
  const erasure = erasures[index];
  if (!erasure) throw new Problem('NOT_FOUND', 'No personal data of this contact was erased.');
  const after: Position = erasures[index - 1]?.position ?? START;
  return { erasure, after };
}

function sealedIn(events: readonly RecordedEvent[]): string[] {
  return events.map(({ data }) => data['sealed']).filter((sealed) => typeof sealed === 'string');
}

function statementOf({ id, data, metadata }: RecordedEvent) {
  const { reason, requestedAt, grounds } = data as JsonObject & ContactEventData['PersonalDataErased'];
  return {
    eventId: id,
    erasedAt: metadata['recordedAt'] as string,
    ...(requestedAt !== undefined && { requestedAt }),
    reason,
    ...(grounds && { grounds }),
  };
}

function tellDestroyed(events: number, deliveries: number): string[] {
  if (events + deliveries === 0) return [];
  return [
    'the key under which the personal data of this contact was sealed',
    ...(events > 0
      ? [`the sealed part of ${counted(events, 'event')}: address, evidence, references and free text`]
      : []),
    ...(deliveries > 0 ? [`the sealed part of ${counted(deliveries, 'message')}: address and variables`] : []),
  ];
}

function counted(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${number} ${what}s`;
}
