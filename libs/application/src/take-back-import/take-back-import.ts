import { takeBackOptIns, type ContactState } from '@consent-ledger/consent';
import type { EventStore, Position, RecordedEvent } from '@consent-ledger/event-store';
import { contactOfStream } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { ContactRepository } from '../contact/contact-repository.js';
import type { TakenBack } from '../import-contacts/import-events.js';
import { ImportRepository, type ImportOrigin } from '../import-contacts/import-repository.js';
import { EVENT_STORE } from '../ports.js';

export interface TakenBackReport extends TakenBack {
  readonly importId: string;
  readonly position: Position;
}

export interface TakeBackWatcher {
  readonly onProgress?: (progress: { readonly position: Position; readonly until: Position }) => void;
}

const EVENTS_AT_ONCE = 1000;

/**
 * Takes a whole import back: the opt-ins that it reported no longer count, and what stood before them stands again. Its
 * opt-outs, complaints and bounces stay (P4, law 2). Repeating it takes back what an interruption left.
 */
@Injectable()
export class TakeBackImport {
  constructor(
    private readonly contacts: ContactRepository,
    private readonly imports: ImportRepository,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Throws `NOT_FOUND` for an import that never started. */
  async run(importId: string, origin: ImportOrigin, { onProgress }: TakeBackWatcher = {}): Promise<TakenBackReport> {
    const { from, until } = await this.imports.find(importId);
    const kept: Record<string, number> = {};
    const counts = { contacts: 0, optIns: 0 };

    const takeBack = async (contactId: string) => {
      const optIns = await this.#takeBackFrom(contactId, importId, origin);
      if (optIns > 0) counts.contacts++;
      counts.optIns += optIns;
    };

    for (let position = from; position < until;) {
      const events = await this.store.readAll(position, EVENTS_AT_ONCE);
      const brought = events.filter((event) => event.position <= until && event.metadata['importId'] === importId);
      for (const { streamId, type } of brought)
        if (contactOfStream(streamId) !== undefined && type !== 'OptedIn' && type !== 'OptInTakenBack')
          kept[type] = (kept[type] ?? 0) + 1;
      await Promise.all(contactsWithOptIns(brought).map(takeBack));
      position = events.at(-1)?.position ?? until;
      onProgress?.({ position: Math.min(position, until), until });
    }
    const takenBack = { ...counts, kept };
    const position = await this.imports.note(importId, 'ImportTakenBack', takenBack, origin);
    return { importId, ...takenBack, position };
  }

  /** All that the import reported of the contact, at once; answers how many opt-ins were taken back. */
  async #takeBackFrom(contactId: string, importId: string, origin: ImportOrigin): Promise<number> {
    const { recorded, state } = await this.contacts.load(contactId);
    const optInIds = recorded.filter((event) => isOptInOf(importId, event)).map(({ id }) => id);
    const takenBack = await this.#takeBack(contactId, optInIds, importId, origin);
    await this.#followRectifications(state, contactId, optInIds, importId, origin);
    return takenBack;
  }

  /** P9: what was reported of an address counts for the address that the person named in its place. */
  async #followRectifications(
    state: ContactState,
    contactId: string,
    optInIds: readonly string[],
    importId: string,
    origin: ImportOrigin,
  ): Promise<void> {
    const seen = new Set([contactId]);
    for (let to = state.rectified?.to; to !== undefined && !seen.has(to);) {
      seen.add(to);
      await this.#takeBack(to, optInIds, importId, origin);
      const next = await this.contacts.load(to);
      to = next.state.rectified?.to;
    }
  }

  async #takeBack(
    contactId: string,
    optInIds: readonly string[],
    importId: string,
    origin: ImportOrigin,
  ): Promise<number> {
    let takenBack = 0;
    await this.contacts.record(
      { contactId, source: { kind: 'import' }, ...origin, importId },
      ({ state }) => {
        takenBack = optInIds.filter((id) => !state.takenBack.includes(id)).length;
        return takeBackOptIns(state, { optInIds });
      },
      { request: {} },
    );
    return takenBack;
  }
}

function isOptInOf(importId: string, { type, metadata }: RecordedEvent): boolean {
  return type === 'OptedIn' && metadata['importId'] === importId;
}

function contactsWithOptIns(events: readonly RecordedEvent[]): string[] {
  const optIns = events.filter(({ type }) => type === 'OptedIn');
  return [...new Set(optIns.flatMap(({ streamId }) => contactOfStream(streamId) ?? []))];
}
