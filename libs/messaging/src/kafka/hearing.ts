import type { BrokerListener, BrokerRefusal, BrokerState } from '../message-broker.js';
import { faultOf, isCoordinatorMissing } from './fault.js';

/** Keeps what was heard of the broker last: whether it is reached, and what of that which it is asked it does not do. */
export class Hearing {
  #state: BrokerState = 'connecting';
  #wasReached = false;
  readonly #refusals = new Map<string, BrokerRefusal>();

  constructor(
    private readonly listener: BrokerListener,
    /** Whether the broker answers anything at all. */
    private readonly answers: () => Promise<boolean>,
  ) {}

  get state(): BrokerState {
    return this.#state;
  }

  get refusals(): readonly BrokerRefusal[] {
    return [...this.#refusals.values()];
  }

  /** The broker did what it was asked. */
  heard(what: string): void {
    this.#refusals.delete(what);
    this.#become('connected');
  }

  /** It did not. What failed by no fault of the broker says nothing of it. */
  async failed(what: string, error: unknown): Promise<void> {
    if (isCoordinatorMissing(error) && (await this.answers()))
      return this.refused({ what, code: 'COORDINATOR_NOT_FOUND' });
    const fault = faultOf(error);
    if (!fault) return;
    if ('code' in fault) return this.refused({ what, code: fault.code });
    // Settings that were right once are right: then it is going down.
    this.#become(fault.state === 'hangs-up' && this.#wasReached ? 'away' : fault.state);
  }

  /** It answered that it does not do this. */
  refused(refusal: BrokerRefusal): void {
    this.#become('connected');
    const { what, code } = refusal;
    if (this.#refusals.get(what)?.code === code) return;
    this.#refusals.set(what, refusal);
    this.listener.onRefusal?.(refusal);
  }

  #become(state: BrokerState): void {
    this.#wasReached ||= state === 'connected';
    if (state === this.#state) return;
    this.#state = state;
    this.listener.onState?.(state);
  }
}
