import {
  eraseByRetention,
  eraseOnRequest,
  isKnown,
  isWithdrawn,
  momentFor,
  NEVER,
  nothing,
  optOut,
  standingRectification,
  type Decision,
} from '@consent-ledger/consent';
import type { EventStore } from '@consent-ledger/event-store';
import { toRfc3339, type Clock } from '@consent-ledger/platform';
import type { KeyVault } from '@consent-ledger/privacy';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { DecisionContext, Fact, Recorded } from '../contact/fact.js';
import { settleOccurrence } from '../contact/occurrence.js';
import { LinkedContacts } from '../contact/linked-contacts.js';
import type { Contact } from '../contact/load-contact.js';
import { shredJudged, shredLeftovers } from '../contact/shred-key.js';
import { CLOCK, EVENT_STORE, KEY_VAULT, POLICIES } from '../ports.js';

/**
 * Destroys the contact's key, and with it every readable trace in the log, then records that (P7). By `retention` it does
 * at once what time would bring: only where every ground has ended.
 */
export class EraseContactCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly reason: 'request' | 'retention',
  ) {
    super();
  }
}

@CommandHandler(EraseContactCommand)
export class EraseContactHandler implements ICommandHandler<EraseContactCommand> {
  constructor(
    private readonly contacts: ContactRepository,
    private readonly linked: LinkedContacts,
    @Inject(EVENT_STORE) readonly store: EventStore,
    @Inject(KEY_VAULT) readonly vault: KeyVault,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The key goes first: the event says that it is gone, and follows whatever else is recorded meanwhile. A crash between the
   * two is mended by asking again.
   */
  async execute({ fact, reason }: EraseContactCommand) {
    if (reason === 'retention') return this.erase(fact, reason);
    for (const { contactId } of await this.besides(fact.contactId)) {
      const { expectedRevision: _seen, ...same } = fact;
      await this.erase({ ...same, contactId }, reason);
    }
    return this.erase(fact, reason);
  }

  /** P9: who asks for an erasure asks it for the addresses that theirs replaced, and that replaced it, in this order. */
  private async besides(contactId: string): Promise<readonly Contact[]> {
    const contacts = await this.linked.of(contactId);
    const leftAt = ({ state }: Contact) => standingRectification(state)?.at ?? NEVER;
    return contacts.filter((contact) => contact.contactId !== contactId).toSorted((a, b) => leftAt(a) - leftAt(b));
  }

  private async erase(fact: Fact, reason: EraseContactCommand['reason']): Promise<Recorded> {
    const { contactId, occurredAt } = fact;
    const decide = reason === 'request' ? this.onRequest(fact) : this.byRetention();
    const answer = await this.contacts.record(withoutPersonalData(fact), decide, {
      request: { command: 'erasure', reason, source: fact.source.kind, occurredAt: occurredAt ?? null },
      ...(reason === 'request' && { safeguard: optOutOfAll }),
      before: reason === 'request' ? (judged) => shredJudged(this, judged) : this.shredOnce(),
    });
    await shredLeftovers(this, contactId);
    return answer;
  }

  /** Who comes back between the key and the event of an erasure by retention has another key by then, and keeps it. */
  private shredOnce(): (judged: Contact) => Promise<boolean> {
    let isGone = false;
    return async (judged) => (isGone ||= await shredJudged(this, judged));
  }

  /** The data is gone from now on and not from an earlier moment, so an earlier date is kept as that of the request. */
  private onRequest({ occurredAt }: Fact): (context: DecisionContext) => Decision {
    const requestedAt = occurredAt && toRfc3339(settleOccurrence(occurredAt, this.clock.now()));
    return ({ state }) => eraseOnRequest(state, requestedAt ? { requestedAt } : {});
  }

  private byRetention(): (context: DecisionContext) => Decision {
    return ({ state }) => eraseByRetention(state, this.policies.history(), momentFor(state, this.clock.now()));
  }
}

/**
 * P7: an erasure at request counts as an opt-out from all commercial mail. Where something may be sent still that opt-out
 * goes on record before the key goes, so that nothing is mailed to somebody whose erasure was cut short.
 */
function optOutOfAll({ state, events, policy, occurredAt }: DecisionContext): Decision {
  const commercial = [...policy.purposes].filter(([, { commercial }]) => commercial).map(([purpose]) => purpose);
  if (!isKnown(state) || commercial.every((purpose) => isWithdrawn(state, purpose))) return nothing;
  return optOut({ state, events }, { purposes: 'all', occurredAt }, policy);
}

/** Sealing anything with the erasure would give the contact a new key; and it happens now. */
function withoutPersonalData({ address: _address, occurredAt: _occurredAt, source, ...rest }: Fact): Fact {
  return { ...rest, source: { kind: source.kind } };
}
