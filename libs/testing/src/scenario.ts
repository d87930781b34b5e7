import { SettleDue, type Fact, type Recorded } from '@consent-ledger/application';
import type { NewContactEvent } from '@consent-ledger/consent';
import type { RecordedEvent } from '@consent-ledger/event-store';
import type { ProblemCode } from '@consent-ledger/platform';
import { expect } from '@jest/globals';
import type { Command } from '@nestjs/cqrs';
import type { Person } from './people.js';
import { createTestLedger, type TestLedger } from './test-ledger.js';

/** Something that happened before: a command that was carried out, or anything done to the ledger. */
export type Step = Command<unknown> | ((ledger: TestLedger) => unknown);

/** A command about a contact. */
export type ContactCommand<R extends Recorded> = Command<R> & { readonly fact: Fact };

/** What came of a scenario, for what its sentence does not say. */
export interface Outcome<R extends Recorded = Recorded> {
  readonly ledger: TestLedger;
  readonly answer: R;
  /** The events that the command appended, as the log holds them. */
  readonly stored: readonly RecordedEvent[];
}

export interface When<R extends Recorded> {
  /** The command appends exactly these events, as far as they lie open, and answers with them. */
  thenRecords(...events: readonly NewContactEvent[]): Promise<Outcome<R>>;
  /** The command is taken and appends nothing. */
  thenRecordsNothing(): Promise<Outcome<R>>;
  /** The command is refused with this problem and appends nothing; answers the ledger. */
  thenRefuses(code: ProblemCode): Promise<TestLedger>;
}

/** A command, or one that only the earlier steps can tell, such as one that names an event of theirs. */
export type Asked<R extends Recorded> = ContactCommand<R> | ((ledger: TestLedger) => Promise<ContactCommand<R>>);

export interface Given {
  when<R extends Recorded>(command: Asked<R>): When<R>;
}

/** A ledger of its own in which this happened: given earlier steps, when a command, then its events. */
export function given(...steps: readonly Step[]): Given {
  return {
    when: <R extends Recorded>(command: Asked<R>): When<R> => ({
      thenRecords: async (...events) => {
        const outcome = await carryOut(steps, command);
        const { answer, stored } = outcome;
        expect(stored.map(openPartOf)).toStrictEqual(events);
        expect(answer.recorded).toStrictEqual(stored.map(({ id, type }) => ({ eventId: id, type })));
        expect(answer).toMatchObject({ revision: stored.at(-1)?.revision, position: stored.at(-1)?.position });
        return outcome;
      },
      thenRecordsNothing: async () => {
        const outcome = await carryOut(steps, command);
        expect(outcome.stored).toStrictEqual([]);
        expect(outcome.answer.recorded).toStrictEqual([]);
        return outcome;
      },
      thenRefuses: async (code) => {
        const ledger = await tell(steps);
        const asked = await readCommand(command, ledger);
        const before = await ledger.store.head();
        await expect(ledger.execute(asked)).rejects.toMatchObject({ code });
        expect(await ledger.store.head()).toBe(before);
        return ledger;
      },
    }),
  };
}

/** An event without what is sealed beside it. */
export function openPartOf({ type, data }: RecordedEvent): { type: string; data: object } {
  const { sealed: _sealed, ...open } = data;
  return { type, data: open };
}

/** A step in which all that is due for somebody is recorded, as the worker does. */
export function settled({ contactId }: Person): Step {
  return (ledger) => ledger.app.get(SettleDue).settle(contactId, ledger.clock.now());
}

/** A step that lets time pass, in milliseconds. */
export function later(milliseconds: number): Step {
  return ({ clock }) => clock.advance(milliseconds);
}

async function tell(steps: readonly Step[]): Promise<TestLedger> {
  const ledger = await createTestLedger();
  for (const step of steps) await (typeof step === 'function' ? step(ledger) : ledger.execute(step));
  return ledger;
}

async function carryOut<R extends Recorded>(steps: readonly Step[], command: Asked<R>): Promise<Outcome<R>> {
  const ledger = await tell(steps);
  const asked = await readCommand(command, ledger);
  const before = await ledger.eventsOf(asked.fact.contactId);
  const answer = await ledger.execute(asked);
  const after = await ledger.eventsOf(asked.fact.contactId);
  return { ledger, answer, stored: after.slice(before.length) };
}

async function readCommand<R extends Recorded>(command: Asked<R>, ledger: TestLedger): Promise<ContactCommand<R>> {
  return typeof command === 'function' ? command(ledger) : command;
}
