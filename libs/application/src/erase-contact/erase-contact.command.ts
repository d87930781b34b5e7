import { eraseByRetention, eraseOnRequest, momentFor, type Decision } from '@consent-ledger/consent';
import { NO_STREAM } from '@consent-ledger/event-store';
import { toRfc3339, type Clock } from '@consent-ledger/platform';
import type { KeyVault } from '@consent-ledger/privacy';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  ContactRepository,
  settleOccurrence,
  type DecisionContext,
  type Fact,
  type Recorded,
} from '../contact/contact-repository.js';
import { CLOCK, KEY_VAULT, POLICIES } from '../ports.js';

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
    @Inject(KEY_VAULT) private readonly vault: KeyVault,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The key goes first: the event says that it is gone, and a crash between the two is mended by asking again. */
  async execute({ fact, reason }: EraseContactCommand) {
    const { contactId, occurredAt } = fact;
    const decide = reason === 'request' ? this.onRequest(fact) : this.byRetention();
    const answer = await this.contacts.record(withoutPersonalData(fact), decide, {
      request: { command: 'erasure', reason, source: fact.source.kind, occurredAt: occurredAt ?? null },
      before: async () => void (await this.vault.destroy(contactId)),
    });
    if (staysErased(answer) && (await this.isStillAt(answer))) await this.vault.destroy(contactId);
    return answer;
  }

  /** The data is gone from now on and not from an earlier moment, so an earlier date is kept as that of the request. */
  private onRequest({ occurredAt }: Fact): (context: DecisionContext) => Decision {
    const requestedAt = occurredAt && toRfc3339(settleOccurrence(occurredAt, this.clock.now()));
    return ({ state }) => eraseOnRequest(state, requestedAt ? { requestedAt } : {});
  }

  private byRetention(): (context: DecisionContext) => Decision {
    return ({ state }) => eraseByRetention(state, this.policies.history(), momentFor(state, this.clock.now()));
  }

  /** Whoever came back meanwhile has a new key, and keeps it. */
  private async isStillAt({ contactId, revision }: Recorded): Promise<boolean> {
    return (await this.contacts.load(contactId)).revision === revision;
  }
}

/** Nothing came back since the last erasure, yet a message that was kept back may have been sealed under a new key. */
function staysErased({ revision, recorded }: Recorded): boolean {
  return recorded.length === 0 && revision !== NO_STREAM;
}

/** Sealing anything with the erasure would give the contact a new key; and it happens now. */
function withoutPersonalData({ address: _address, occurredAt: _occurredAt, source, ...rest }: Fact): Fact {
  return { ...rest, source: { kind: source.kind } };
}
