import { NEVER, policyInForce, type RightsTerms } from '@consent-ledger/consent';
import type { JsonObject, Position } from '@consent-ledger/event-store';
import { Problem, toRfc3339, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { LinkedContacts, replacementOf } from '../contact/linked-contacts.js';
import type { Contact } from '../contact/load-contact.js';
import { Requests } from '../data-subject-request/requests.js';
import { CLOCK, POLICIES } from '../ports.js';
import { DeliveriesQuery } from '../show-deliveries/show-deliveries.query.js';
import { ShowHistoryQuery, type HistoryEntry } from '../show-history/show-history.query.js';
import { ShowPreferencesQuery, type PreferencesAnswer } from '../show-preferences/show-preferences.query.js';
import { ShowRequestQuery, type RequestAnswer } from '../show-requests/show-requests.query.js';
import { ShowRetentionQuery, type GroundBody } from '../show-retention/show-retention.query.js';
import { consentRecords, inLanguage, type ConsentRecord } from './consent-record.js';

export type ReportLanguage = 'nl' | 'en';

/** What is held of a person under one address. */
export interface AddressReport {
  readonly contactId: string;
  /** The addresses as they were given; empty once they were erased. */
  readonly addresses: readonly string[];
  /** The contact at which the person is reached instead. */
  readonly replacedBy: string | null;
  readonly purposes: readonly (Pick<
    PreferencesAnswer['preferences'][number],
    'purpose' | 'eligible' | 'reason' | 'basis' | 'validUntil'
  > & { readonly name: string; readonly description: string })[];
  readonly consentRecords: readonly ConsentRecord[];
  readonly history: readonly Omit<HistoryEntry, 'verdicts'>[];
  readonly messages: readonly {
    readonly mailingId: string;
    readonly purpose: string;
    readonly status: string;
    readonly reason: string | null;
    readonly updatedAt: string;
  }[];
  readonly retention: readonly GroundBody[];
  readonly requests: readonly RequestAnswer[];
}

/** Everything that is held of a person, for which purposes, on what ground, until when, and who else has it (P9, GDPR 15). */
export interface AccessReport {
  readonly requestId: string;
  readonly createdAt: string;
  readonly language: ReportLanguage;
  readonly position: Position;
  readonly policy: { readonly id: string; readonly version: number };
  readonly controller: JsonObject;
  readonly authority: { readonly name: string; readonly url: string };
  readonly jurisdiction: string;
  readonly storageLocations: readonly string[];
  readonly recipients: readonly string[];
  readonly contacts: readonly AddressReport[];
}

/** Puts together what is held of the person who asks, under every address that is known to be theirs. */
@Injectable()
export class AccessReports {
  constructor(
    private readonly queries: QueryBus,
    private readonly linked: LinkedContacts,
    private readonly requests: Requests,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws the problem `NO_RIGHTS_IN_POLICY` under a policy that does not say who else has the data. */
  async make(requestId: string, contactId: string, language: ReportLanguage): Promise<AccessReport> {
    const position = await this.requests.reachHead();
    const now = this.clock.now();
    const policy = policyInForce(this.policies.history(), now, NEVER);
    const { rights } = policy;
    if (!rights)
      throw new Problem('NO_RIGHTS_IN_POLICY', 'Publish a policy that says in `rights` who else has the data.');
    const contacts: AddressReport[] = [];
    for (const contact of await this.linked.of(contactId))
      contacts.push(await this.reportOn(contact, rights, language));
    return {
      requestId,
      createdAt: toRfc3339(now),
      language,
      position,
      policy: { id: policy.id, version: policy.version },
      controller: { ...policy.document.controller },
      authority: rights.authority,
      jurisdiction: rights.jurisdiction,
      storageLocations: rights.storageLocations,
      recipients: rights.recipients.map((texts) => inLanguage(texts, language)),
      contacts,
    };
  }

  private async reportOn(contact: Contact, rights: RightsTerms, language: ReportLanguage): Promise<AddressReport> {
    const { contactId } = contact;
    const { events } = await this.queries.execute(new ShowHistoryQuery(contactId, undefined, undefined, language));
    const { preferences } = await this.queries.execute(new ShowPreferencesQuery(contactId));
    const { grounds } = await this.queries.execute(new ShowRetentionQuery(contactId));
    const requests = await this.requestsOf(contactId);
    const now = this.clock.now();
    const history = this.policies.history();
    const policy = policyInForce(history, now, NEVER);
    const context = { contactId, policy, rights, history, language, events, preferences, retention: grounds };
    return {
      contactId,
      addresses: addressesIn([...events, ...requests.flatMap((request) => request.events)]),
      replacedBy: replacementOf(contact) ?? null,
      purposes: preferences.map(({ purpose, eligible, reason, basis, validUntil }) => {
        const { name, description } = policy.document.purposes[purpose]!;
        const words = { name: inLanguage(name, language), description: inLanguage(description, language) };
        return { purpose, ...words, eligible, reason, basis, validUntil };
      }),
      consentRecords: consentRecords(context),
      history: events.map(({ verdicts: _verdicts, ...event }) => event),
      messages: await this.messagesTo(contactId),
      retention: grounds,
      requests,
    };
  }

  private async messagesTo(contactId: string) {
    const deliveries = await this.queries.execute(new DeliveriesQuery(contactId));
    return deliveries.map(({ mailingId, purpose, status, reason, updatedAt }) => ({
      mailingId,
      purpose,
      status,
      reason,
      updatedAt,
    }));
  }

  private async requestsOf(contactId: string): Promise<RequestAnswer[]> {
    const listed = this.requests.view.ofContact(contactId);
    const answers: RequestAnswer[] = [];
    for (const { requestId } of listed) answers.push(await this.queries.execute(new ShowRequestQuery(requestId)));
    return answers;
  }
}

function addressesIn(events: readonly { readonly personal: JsonObject | 'erased' | null }[]): string[] {
  const addresses = events.flatMap(({ personal }) =>
    typeof personal === 'object' && typeof personal?.['address'] === 'string' ? [personal['address']] : [],
  );
  return [...new Set(addresses)];
}
