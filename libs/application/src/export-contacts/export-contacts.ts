import {
  consentOnRecord,
  decideEligibility,
  eventsKnown,
  foldContact,
  momentFor,
  NEVER,
  policyInForce,
  standingBounce,
  standingComplaint,
  standingOptOut,
  type ContactState,
  type EventMetadata,
  type Mark,
  type Policy,
  type Purpose,
} from '@consent-ledger/consent';
import { START, type EventStore, type Position, type RecordedEvent } from '@consent-ledger/event-store';
import { toRfc3339, type Clock } from '@consent-ledger/platform';
import type { PersonalData } from '@consent-ledger/privacy';
import { contactOfStream, type PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { loadContact, type Contact } from '../contact/load-contact.js';
import { CLOCK, EVENT_STORE, PERSONAL_DATA, POLICIES } from '../ports.js';

/** The columns of an export; the preset `consent-ledger` of an import reads them. */
export const exportColumns = [
  'address',
  'contact_id',
  'purpose',
  'reason',
  'eligible',
  'valid_until',
  'opted_in_at',
  'statement',
  'act_of',
  'opt_in_source',
  'opted_out_at',
  'opt_out_source',
  'bounced_at',
  'complained_at',
] as const;

export interface ExportProgress {
  readonly position: Position;
  readonly until: Position;
  readonly contacts: number;
  /** Contacts of whom no address can be read: they were erased, or the service was never told one. */
  readonly withoutAddress: number;
}

export interface ExportWatcher {
  readonly onProgress?: (progress: ExportProgress) => void;
  /** Aborts between stretches of the log. */
  readonly signal?: AbortSignal;
}

const EVENTS_AT_ONCE = 1000;

/** Writes every contact with an address, and what stands for each commercial purpose, as CSV in constant memory. */
@Injectable()
export class ExportContacts {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PERSONAL_DATA) private readonly personalData: Pick<PersonalData, 'open'>,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The text of the file, piece by piece, of the contacts that the log holds now. */
  async *run({ onProgress, signal }: ExportWatcher = {}): AsyncGenerator<string> {
    const until = await this.store.head();
    const counts = { contacts: 0, withoutAddress: 0 };
    yield stringify([[...exportColumns]]);
    for (let position = START; position < until;) {
      signal?.throwIfAborted();
      const events = await this.store.readAll(position, EVENTS_AT_ONCE);
      const rows = await Promise.all(contactsThatBegin(events, until).map((contactId) => this.#rowsOf(contactId)));
      for (const ofContact of rows) counts[ofContact.length === 0 ? 'withoutAddress' : 'contacts']++;
      // A spreadsheet would compute a cell that begins like a formula.
      if (rows.length > 0) yield stringify(rows.flat(), { escape_formulas: true });
      position = events.at(-1)?.position ?? until;
      onProgress?.({ position: Math.min(position, until), until, ...counts });
    }
  }

  async #rowsOf(contactId: string): Promise<Row[]> {
    const contact = await loadContact(this.store, contactId);
    const address = await this.#addressOf(contact);
    if (address === undefined) return [];
    const at = momentFor(contact.state, this.clock.now());
    const history = this.policies.history();
    const policy = policyInForce(history, at, NEVER);
    const known = foldContact(eventsKnown(contact.events, at, NEVER));
    return [...policy.purposes.values()]
      .filter(({ commercial }) => commercial)
      .map((purpose) => {
        const { reason, eligible, validUntil } = decideEligibility(known, history, purpose.name, at, NEVER);
        const verdict = [reason, String(eligible), validUntil === null ? '' : toRfc3339(validUntil)];
        return [address, contactId, purpose.name, ...verdict, ...factsOf(contact, known, policy, purpose)];
      });
  }

  /** The address that was sealed last; `undefined` when there is none, or the person was erased. */
  async #addressOf({ contactId, recorded }: Contact): Promise<string | undefined> {
    for (const { data, streamId, id } of recorded.toReversed()) {
      if (typeof data['sealed'] !== 'string') continue;
      const personal = await this.personalData.open(contactId, { streamId, eventId: id }, data['sealed']);
      if (personal !== 'erased' && typeof personal['address'] === 'string') return personal['address'];
    }
    return undefined;
  }
}

type Row = readonly string[];

/** A contact is written where its stream begins, so that it is written once. */
function contactsThatBegin(events: readonly RecordedEvent[], until: Position): string[] {
  const begun = events.filter(({ revision, position }) => revision === 0 && position <= until);
  return begun.flatMap(({ streamId }) => contactOfStream(streamId) ?? []);
}

function factsOf(contact: Contact, state: ContactState, policy: Policy, purpose: Purpose): Row {
  const optIn = consentOnRecord(state, policy, purpose)?.act;
  const optOut = standingOptOut(state, purpose.name);
  const recordedOf = (mark: Mark | undefined) => mark && contact.recorded.find(({ id }) => id === mark.id);
  const given = recordedOf(optIn);
  return [
    dateOf(optIn),
    statementOf(given),
    given ? actOf(given) : '',
    sourceOf(given),
    dateOf(optOut),
    sourceOf(recordedOf(optOut)),
    dateOf(standingBounce(state)),
    dateOf(standingComplaint(state, purpose.name)),
  ];
}

/** A confirmation and a renewal can only be the person's. */
function actOf({ data }: RecordedEvent): string {
  return data['actOf'] === 'reported' ? 'reported' : 'person';
}

function dateOf(mark: Mark | undefined): string {
  return mark ? toRfc3339(mark.at) : '';
}

function sourceOf(recorded: RecordedEvent | undefined): string {
  return recorded ? (recorded.metadata as unknown as EventMetadata).source.kind : '';
}

/** As an import reads it: `signup-form@1:nl`. */
function statementOf(recorded: RecordedEvent | undefined): string {
  const statement = recorded?.data['statement'] as Record<'id' | 'version' | 'language', string | number> | undefined;
  return statement ? `${statement.id}@${statement.version}:${statement.language}` : '';
}
