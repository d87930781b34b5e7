import {
  NEVER,
  policyInForce,
  type Instant,
  type Mark,
  type Policy,
  type PolicyHistory,
  type Verdict,
} from '@consent-ledger/consent';
import type { PreferencesListener } from '@consent-ledger/projections';

/** What a batch answers of a verdict. */
export type ShortVerdict = Pick<Verdict, 'eligible' | 'reason' | 'basis' | 'validUntil'>;

/** The cached verdicts for one purpose under the policies that were published when it was asked for. */
export interface PurposeVerdicts {
  /** The verdict for a contact, by the 16 bytes of its id, at `at`; `undefined` when it must be decided. */
  find(contactId: Buffer, at: Instant): ShortVerdict | undefined;
  /** The same verdict with all that it rests on. */
  findWhole(contactId: Buffer, at: Instant): Verdict | undefined;
  /** Keeps what was decided at `at` from all that is projected. */
  keep(contactId: Buffer, at: Instant, verdict: Verdict): void;
}

/** What many verdicts have in common; the rest of each stands in its slot. */
interface Answer extends Omit<ShortVerdict, 'validUntil'> {
  readonly missing?: readonly string[];
  readonly policy: Policy;
  /** Of the events that it rests on; `undefined` when there is no place for these. */
  readonly types: readonly Mark['type'][] | undefined;
}

const MIB = 2 ** 20;

/**
 * A slot is 88 bytes, of which a batch reads the first 40, so that a look-up touches little memory. As 32-bit words the
 * contact's id, then the verdict's purpose and answer by number (0 is the purpose of an empty slot); as 64-bit numbers
 * the two instants between which it holds; then the ids of at most two events it rests on, and when these occurred.
 */
const WORDS = 22;
const PURPOSE = 4;
const ANSWER = 5;
const NUMBERS = WORDS / 2;
const DECIDED_AT = 3;
const VALID_UNTIL = 4;
const EVENT_IDS = 40;
const OCCURRED_AT = 9;
const MOST_EVENTS = 2;
/** With fewer, verdicts put each other out long before the memory is full. */
const WAYS = 4;

const ID_BYTES = 16;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An odd constant that spreads the purposes of one contact over the slots. */
const STRIDE = 0x9e3779b1;

/**
 * Verdicts that were decided before, for who asks about the same contacts again: a look-up in the projection costs several
 * times what a batch may spend on an address, and a seventh of a single question. Law 4 makes it exact: a verdict holds
 * until its `validUntil`, or until an event of the contact or a policy is projected, which drops it in the same turn.
 * Memory is of a fixed size and outside the heap; each verdict has four slots to go to, and takes the place of what it
 * finds in the last when none is empty.
 */
export class VerdictCache implements PreferencesListener {
  private readonly slots: number;
  private readonly words: Uint32Array;
  private readonly numbers: Float64Array;
  private readonly bytes: Buffer;
  /** A purpose's number is one more than its index. */
  private readonly purposes: string[] = [];
  private readonly answers: Answer[] = [];
  private readonly answerNumbers = new Map<string, number>();
  private readonly byPurpose = new Map<string, PurposeVerdicts>();
  private history: PolicyHistory | undefined;

  /** Takes at most `mebibytes` of memory; 0 keeps nothing. */
  constructor(mebibytes: number) {
    this.slots = WAYS * Math.floor((mebibytes * MIB) / (4 * WORDS) / WAYS);
    const memory = new ArrayBuffer(this.slots * 4 * WORDS);
    this.words = new Uint32Array(memory);
    this.numbers = new Float64Array(memory);
    this.bytes = Buffer.from(memory);
  }

  /** The verdicts for one purpose under these policies. Who still holds those under earlier policies finds nothing more. */
  for(purpose: string, history: PolicyHistory): PurposeVerdicts {
    if (this.slots === 0) return nothingKept;
    if (!this.history || !samePolicies(this.history, history)) this.judgeBy(history);
    return this.byPurpose.get(purpose) ?? this.openPurpose(purpose, this.history!);
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

  private judgeBy(history: PolicyHistory): void {
    this.history = history;
    this.byPurpose.clear();
    this.answers.length = 0;
    this.answerNumbers.clear();
    this.cleared();
  }

  /** A purpose that no policy has is not numbered: whoever asks could make up any number of them. */
  private openPurpose(purpose: string, policies: PolicyHistory): PurposeVerdicts {
    if (!policies.some(({ policy }) => policy.purposes.has(purpose))) return nothingKept;
    const number = this.numberOf(purpose);
    const verdicts: PurposeVerdicts = {
      find: (contactId, at) => (this.history === policies ? this.find(contactId, number, at) : undefined),
      findWhole: (contactId, at) => (this.history === policies ? this.findWhole(contactId, number, at) : undefined),
      keep: (contactId, at, verdict) => {
        if (this.history === policies) this.keep(contactId, number, at, verdict);
      },
    };
    this.byPurpose.set(purpose, verdicts);
    return verdicts;
  }

  private find(contactId: Buffer, purpose: number, at: Instant): ShortVerdict | undefined {
    const slot = this.standingSlotOf(contactId, purpose, at);
    if (slot < 0) return undefined;
    const { eligible, reason, basis } = this.answerIn(slot);
    return { eligible, reason, basis, validUntil: this.endOf(slot) };
  }

  /** A verdict may outlast the policy that it names: under the next one it may rest on other events. */
  private findWhole(contactId: Buffer, purpose: number, at: Instant): Verdict | undefined {
    const slot = this.standingSlotOf(contactId, purpose, at);
    if (slot < 0) return undefined;
    const { eligible, reason, basis, missing, policy, types } = this.answerIn(slot);
    if (!types || policy !== policyInForce(this.history!, at, NEVER)) return undefined;
    const evidence = types.map((type, index) => this.eventIn(slot, index, type));
    const verdict = { eligible, reason, basis, validUntil: this.endOf(slot), evidence, policy };
    return missing ? { ...verdict, missing } : verdict;
  }

  private keep(contactId: Buffer, purpose: number, at: Instant, verdict: Verdict): void {
    const slot = this.placeFor(contactId, purpose);
    const word = WORDS * slot;
    for (let i = 0; i < PURPOSE; i++) this.words[word + i] = contactId.readUInt32LE(4 * i);
    this.words[word + PURPOSE] = purpose;
    this.words[word + ANSWER] = this.numberOfAnswer(verdict);
    this.numbers[NUMBERS * slot + DECIDED_AT] = at;
    this.numbers[NUMBERS * slot + VALID_UNTIL] = verdict.validUntil ?? NEVER;
    if (this.answerIn(slot).types) verdict.evidence.forEach((event, index) => this.keepEvent(slot, index, event));
  }

  /** The slot of a verdict that holds at this moment; −1 when there is none. */
  private standingSlotOf(contactId: Buffer, purpose: number, at: Instant): number {
    const slot = this.slotOf(contactId, purpose);
    if (slot < 0) return slot;
    const number = NUMBERS * slot;
    return at >= this.numbers[number + DECIDED_AT]! && at < this.numbers[number + VALID_UNTIL]! ? slot : -1;
  }

  private answerIn(slot: number): Answer {
    return this.answers[this.words[WORDS * slot + ANSWER]!]!;
  }

  private endOf(slot: number): Instant | null {
    const until = this.numbers[NUMBERS * slot + VALID_UNTIL]!;
    return until === NEVER ? null : until;
  }

  private eventIn(slot: number, index: number, type: Mark['type']): Mark {
    const start = placeOfEventId(slot, index);
    const hex = this.bytes.toString('hex', start, start + ID_BYTES);
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    return { at: this.numbers[NUMBERS * slot + OCCURRED_AT + index]!, id, type };
  }

  private keepEvent(slot: number, index: number, { id, at }: Mark): void {
    this.bytes.write(id.replaceAll('-', ''), placeOfEventId(slot, index), 'hex');
    this.numbers[NUMBERS * slot + OCCURRED_AT + index] = at;
  }

  /** Where the verdict is already, or else the first of its slots that is empty, or else the last. */
  private placeFor(contactId: Buffer, purpose: number): number {
    const standing = this.slotOf(contactId, purpose);
    if (standing >= 0) return standing;
    const first = this.firstSlotOf(contactId, purpose);
    let way = 0;
    while (way < WAYS - 1 && this.words[WORDS * (first ^ way) + PURPOSE] !== 0) way++;
    return first ^ way;
  }

  /** The slot that holds this verdict; −1 when none does. */
  private slotOf(contactId: Buffer, purpose: number): number {
    const first = this.firstSlotOf(contactId, purpose);
    for (let way = 0; way < WAYS; way++) if (this.holds(first ^ way, contactId, purpose)) return first ^ way;
    return -1;
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

  private numberOfAnswer({ eligible, reason, basis, missing, evidence, policy }: Verdict): number {
    const types =
      evidence.every(fitsSlot) && evidence.length <= MOST_EVENTS ? evidence.map(({ type }) => type) : undefined;
    const name = `${reason} ${basis} ${String(missing)} ${String(types)} ${policy.id} ${policy.version}`;
    const known = this.answerNumbers.get(name);
    if (known !== undefined) return known;
    const number = this.answers.push({ eligible, reason, basis, ...(missing && { missing }), policy, types }) - 1;
    this.answerNumbers.set(name, number);
    return number;
  }
}

function placeOfEventId(slot: number, index: number): number {
  return 4 * WORDS * slot + EVENT_IDS + ID_BYTES * index;
}

/** Event ids are UUIDs; one that is written otherwise would come back in another form. */
function fitsSlot({ id }: Mark): boolean {
  return UUID.test(id);
}

const nothingKept: PurposeVerdicts = {
  find: () => undefined,
  findWhole: () => undefined,
  keep: () => undefined,
};

function samePolicies(a: PolicyHistory, b: PolicyHistory): boolean {
  return a === b || (a.length === b.length && a.every((published, index) => published === b[index]));
}
