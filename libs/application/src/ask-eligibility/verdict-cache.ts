import { NEVER, type Instant, type PolicyHistory, type Verdict } from '@consent-ledger/consent';
import type { PreferencesListener } from '@consent-ledger/projections';

/** What a batch answers of a verdict. */
export type ShortVerdict = Pick<Verdict, 'eligible' | 'reason' | 'basis' | 'validUntil'>;

/** The cached verdicts for one purpose under the policies that were published when it was asked for. */
export interface PurposeVerdicts {
  /** The verdict for a contact, by the 16 bytes of its id, at `at`; `undefined` when it must be decided. */
  find(contactId: Buffer, at: Instant): ShortVerdict | undefined;
  /** Keeps what was decided at `at` from all that is projected. */
  keep(contactId: Buffer, at: Instant, verdict: ShortVerdict): void;
}

const MIB = 2 ** 20;

/**
 * A slot is 40 bytes, so that a look-up touches little memory: as 32-bit words the contact's id, then the verdict's
 * purpose and answer by number (0 in an empty slot), then a spare; as 64-bit numbers the two instants behind these.
 */
const WORDS = 10;
const PURPOSE = 4;
const ANSWER = 5;
const NUMBERS = 5;
const DECIDED_AT = 3;
const VALID_UNTIL = 4;

/** An odd constant that spreads the purposes of one contact over the slots. */
const STRIDE = 0x9e3779b1;

/**
 * Verdicts that were decided before, for who asks about the same contacts again: a look-up in the projection costs several
 * times what a batch may spend on an address. Law 4 makes it exact: a verdict holds until its `validUntil`, or until an
 * event of the contact or a policy is projected, which drops it in the same turn. Memory is of a fixed size and outside
 * the heap; each verdict has two slots to go to, and takes the place of what it finds in the second.
 */
export class VerdictCache implements PreferencesListener {
  private readonly slots: number;
  private readonly words: Uint32Array;
  private readonly numbers: Float64Array;
  /** A purpose's number is one more than its index. */
  private readonly purposes: string[] = [];
  private readonly answers: Omit<ShortVerdict, 'validUntil'>[] = [];
  private history: PolicyHistory | undefined;

  /** Takes at most `mebibytes` of memory; 0 keeps nothing. */
  constructor(mebibytes: number) {
    this.slots = 2 * Math.floor((mebibytes * MIB) / (4 * WORDS) / 2);
    const memory = new ArrayBuffer(this.slots * 4 * WORDS);
    this.words = new Uint32Array(memory);
    this.numbers = new Float64Array(memory);
  }

  /** The verdicts for one purpose under these policies. Who still holds those under earlier policies finds nothing more. */
  for(purpose: string, history: PolicyHistory): PurposeVerdicts {
    if (this.slots === 0) return nothingKept;
    if (!this.history || !samePolicies(this.history, history)) {
      this.history = history;
      this.cleared();
    }
    const under = this.history;
    const number = this.numberOf(purpose);
    return {
      find: (contactId, at) => (this.history === under ? this.find(contactId, number, at) : undefined),
      keep: (contactId, at, verdict) => {
        if (this.history === under) this.keep(contactId, number, at, verdict);
      },
    };
  }

  changed(contactId: Buffer): void {
    for (let number = 1; number <= this.purposes.length; number++) {
      const slot = this.slotOf(contactId, number);
      if (slot >= 0) this.words[WORDS * slot + PURPOSE] = 0;
    }
  }

  cleared(): void {
    this.words.fill(0);
  }

  private find(contactId: Buffer, purpose: number, at: Instant): ShortVerdict | undefined {
    const slot = this.slotOf(contactId, purpose);
    if (slot < 0) return undefined;
    const until = this.numbers[NUMBERS * slot + VALID_UNTIL]!;
    if (at < this.numbers[NUMBERS * slot + DECIDED_AT]! || at >= until) return undefined;
    const { eligible, reason, basis } = this.answers[this.words[WORDS * slot + ANSWER]!]!;
    return { eligible, reason, basis, validUntil: until === NEVER ? null : until };
  }

  private keep(contactId: Buffer, purpose: number, at: Instant, verdict: ShortVerdict): void {
    const slot = this.placeFor(contactId, purpose);
    const word = WORDS * slot;
    for (let i = 0; i < PURPOSE; i++) this.words[word + i] = contactId.readUInt32LE(4 * i);
    this.words[word + PURPOSE] = purpose;
    this.words[word + ANSWER] = this.numberOfAnswer(verdict);
    this.numbers[NUMBERS * slot + DECIDED_AT] = at;
    this.numbers[NUMBERS * slot + VALID_UNTIL] = verdict.validUntil ?? NEVER;
  }

  /** Where the verdict is already, or else the first of its slots that is empty, or else the second. */
  private placeFor(contactId: Buffer, purpose: number): number {
    const standing = this.slotOf(contactId, purpose);
    if (standing >= 0) return standing;
    const first = this.firstSlotOf(contactId, purpose);
    return this.words[WORDS * first + PURPOSE] === 0 ? first : first ^ 1;
  }

  /** The slot that holds this verdict; −1 when none does. */
  private slotOf(contactId: Buffer, purpose: number): number {
    const first = this.firstSlotOf(contactId, purpose);
    if (this.holds(first, contactId, purpose)) return first;
    return this.holds(first ^ 1, contactId, purpose) ? first ^ 1 : -1;
  }

  /** Ids are keyed hashes: their first bytes spread well as they are. */
  private firstSlotOf(contactId: Buffer, purpose: number): number {
    return ((contactId.readUInt32LE(0) ^ Math.imul(purpose, STRIDE)) >>> 0) % this.slots;
  }

  private holds(slot: number, contactId: Buffer, purpose: number): boolean {
    const { words } = this;
    const word = WORDS * slot;
    return (
      words[word] === contactId.readUInt32LE(0) &&
      words[word + 1] === contactId.readUInt32LE(4) &&
      words[word + 2] === contactId.readUInt32LE(8) &&
      words[word + 3] === contactId.readUInt32LE(12) &&
      words[word + PURPOSE] === purpose
    );
  }

  private numberOf(purpose: string): number {
    const known = this.purposes.indexOf(purpose);
    return known >= 0 ? known + 1 : this.purposes.push(purpose);
  }

  private numberOfAnswer({ eligible, reason, basis }: ShortVerdict): number {
    const known = this.answers.findIndex((answer) => answer.reason === reason && answer.basis === basis);
    return known >= 0 ? known : this.answers.push({ eligible, reason, basis }) - 1;
  }
}

const nothingKept: PurposeVerdicts = { find: () => undefined, keep: () => undefined };

function samePolicies(a: PolicyHistory, b: PolicyHistory): boolean {
  return a.length === b.length && a.every((published, index) => published === b[index]);
}
