import { liftFor } from '@consent-ledger/consent';
import { Injectable } from '@nestjs/common';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact } from '../contact/fact.js';
import type { DataSubjectRequest, RequestAct } from './request-repository.js';

/** Ends what was restricted while a request was judged (P9). */
@Injectable()
export class Judgement {
  constructor(private readonly contacts: ContactRepository) {}

  /** Lifts the restriction of an answered request; one that was asked for and granted stays until it is lifted itself. */
  async end(act: RequestAct, { requestId, state }: DataSubjectRequest): Promise<void> {
    const keep = state.kind === 'restriction' && state.outcome === 'fulfilled';
    await this.contacts.record(factOf(act, state.contactId), (context) => liftFor(context.state, requestId, { keep }), {
      request: { command: 'lift-for-request', requestId },
    });
  }
}

/** An act on a request as a fact about its contact: nothing of it is sealed a second time. */
export function factOf({ actor, source, correlationId }: RequestAct, contactId: string): Fact {
  return { contactId, actor, source: { kind: source.kind }, correlationId };
}
