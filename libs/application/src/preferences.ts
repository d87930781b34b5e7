import type { ContactState } from '@consent-ledger/consent';
import type { Position } from '@consent-ledger/event-store';
import { Problem } from '@consent-ledger/platform';
import type { ListedPreferences, PreferencesView, Processor } from '@consent-ledger/projections';
import { VerdictCache } from './ask-eligibility/verdict-cache.js';

const PATIENCE = 5_000;

/** For how long answers may be given that leave out what was recorded since the log was last heard of. */
const LONGEST_UNHEARD_MS = 10_000;

/** The projection of current preferences as queries use it: what it holds, how far it is, and waiting until it is further. */
export class Preferences {
  constructor(
    private readonly view: PreferencesView,
    private readonly processor: Processor,
    /** Verdicts that were made of it before, and still stand. */
    readonly verdicts = new VerdictCache(0),
  ) {}

  /** The position up to which the log is in what `find` answers. */
  get position(): Position {
    return this.processor.position;
  }

  /** The id of the event at `position`; `undefined` before the first. */
  get eventId(): string | undefined {
    return this.processor.lastHandled?.id;
  }

  /**
   * Throws the problem `UNAVAILABLE` once the projection has stopped, or could not follow the log for ten seconds: an answer
   * from it would leave out what was recorded since, and could say yes to somebody who opted out.
   */
  requireLive(): void {
    if (this.processor.state !== 'stopped' && this.processor.interruptedForMs <= LONGEST_UNHEARD_MS) return;
    throw new Problem('UNAVAILABLE', 'The preferences no longer follow the log. Ask with consistency "strong".');
  }

  /** The contact's state, by id or by the 16 bytes of it; `undefined` for one that the service has never heard of. */
  find(contactId: string | Buffer): ContactState | undefined {
    return this.view.find(contactId)?.state;
  }

  /**
   * Whether there may be events of a contact. `false` says no more than that there were none a moment ago: who builds on it
   * has to have it proved by an append that expects no stream.
   */
  mayKnow(contactId: string): boolean {
    return !this.processor.isCaughtUp || this.view.has(contactId);
  }

  /** At most `limit` contacts in the order of their ids' bytes, after the one named, as they stand now. */
  page(after: string | undefined, limit: number): readonly ListedPreferences[] {
    return this.view.page(after, limit);
  }

  /** Resolves once the projection knows the log up to `position`. Throws the problem `UNAVAILABLE` after five seconds. */
  async reach(position: Position): Promise<void> {
    if (await this.processor.waitFor(position, { timeoutMs: PATIENCE })) return;
    throw new Problem(
      'UNAVAILABLE',
      `The preferences are known up to position ${this.position}, not up to ${position} yet. Ask again, or with consistency "strong".`,
    );
  }
}
