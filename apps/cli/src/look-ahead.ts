import type { Supposition } from '@consent-ledger/application';
import {
  eventsKnown,
  foldContact,
  lookAhead,
  policiesKnown,
  supposing,
  type Due,
  type Instant,
  type Scene,
  type Verdict,
} from '@consent-ledger/consent';
import type { EventStore } from '@consent-ledger/event-store';
import { readConfiguration, readSecrets, toRfc3339 } from '@consent-ledger/platform';
import { createContactIds, InvalidAddress, isContactId } from '@consent-ledger/privacy';
import { contactEventOf, contactStream, type PolicyShelf } from '@consent-ledger/projections';
import { CommandFailed, type Surroundings } from './surroundings.js';

export interface ContactQuestion {
  /** The contact's id, or its address, which is told to nobody. */
  readonly contact: string;
  readonly at: Instant;
  readonly until: Instant;
  readonly knownAt: Instant;
  readonly supposed: Supposition | undefined;
}

/** Tells, line by line, what time brings to one contact until an instant: all that falls due, and every change of a verdict. */
export async function* tellAhead(
  { contact, at, until, knownAt, supposed }: ContactQuestion,
  { store, policies }: { readonly store: EventStore; readonly policies: PolicyShelf },
  surroundings: Surroundings,
): AsyncGenerator<string, void> {
  const contactId = contactIdOf(contact, surroundings);
  const recorded = await store.readStream(contactStream(contactId));
  const state = foldContact(eventsKnown(recorded.map(contactEventOf), at, knownAt));
  if (state.latest === undefined) throw new CommandFailed('Nothing is known of this contact at that moment.');
  const published = policiesKnown(policies.history(), knownAt);
  const history = supposed ? supposing(published, supposed.policy, supposed.from) : published;
  yield `Contact ${contactId}, if nothing happens but what time brings until ${toRfc3339(until)}\n\n`;
  let before: Scene | undefined;
  for (const scene of lookAhead(state, history, at, until)) {
    yield `${toRfc3339(scene.at)}  ${titleOf(scene, before)}\n`;
    for (const line of changedVerdicts(scene, before)) yield `    ${line}\n`;
    before = scene;
  }
}

function contactIdOf(contact: string, { environment }: Surroundings): string {
  if (isContactId(contact)) return contact;
  try {
    return createContactIds(readSecrets(readConfiguration(environment)).pepper).fromAddress(contact);
  } catch (error) {
    if (error instanceof InvalidAddress) throw new CommandFailed('--contact is neither a contact id nor an address.');
    throw error;
  }
}

function titleOf({ due, policy }: Scene, before: Scene | undefined): string {
  if (due) return dueInWords(due);
  const version = `${policy.id} version ${policy.version}`;
  if (!before) return `as things stand, by ${version}`;
  return before.policy === policy ? 'time passes' : `${version} comes into force`;
}

function dueInWords(due: Due): string {
  switch (due.kind) {
    case 'prompt':
      return `asked again about ${due.purposes.join(', ')}`;
    case 'reminder':
      return `reminded of the question about ${due.purposes.join(', ')}`;
    case 'lapse':
      return `consent lapses for ${due.purposes.join(', ')}`;
    case 'evidence-end':
      return 'the recording of an opt-in is deleted';
    case 'retention-end':
      return `personal data is erased: ${[...new Set(due.grounds.map(({ ground }) => ground))].join(', ')} ended`;
  }
}

function changedVerdicts({ verdicts }: Scene, before: Scene | undefined): string[] {
  const width = Math.max(...[...verdicts.keys()].map(({ length }) => length));
  const lines: string[] = [];
  for (const [purpose, verdict] of verdicts)
    if (before?.verdicts.get(purpose)?.reason !== verdict.reason)
      lines.push(`${purpose.padEnd(width)}  ${verdictInWords(verdict)}`);
  return lines;
}

function verdictInWords({ eligible, reason, validUntil }: Verdict): string {
  const end = validUntil === null ? '' : ` until ${toRfc3339(validUntil)}`;
  return `${eligible ? 'yes' : 'no '}  ${reason}${end}`;
}
