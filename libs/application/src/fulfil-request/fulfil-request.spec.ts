import type { RequestKind } from '@consent-ledger/consent';
import { requestStream } from '@consent-ledger/projections';
import {
  anna,
  bram,
  by,
  confirmOptIn,
  createTestLedger,
  doubleOptIn,
  erase,
  onRequest,
  optIn,
  optOut,
  receiveRequest,
  recordDeliverability,
  restrict,
  undoOptOut,
  unsubscribe,
  type Person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { CheckIdentityCommand } from '../check-identity/check-identity.command.js';
import { RefuseRequestCommand } from '../refuse-request/refuse-request.command.js';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';
import { ShowRequestQuery } from '../show-requests/show-requests.query.js';
import { FulfilRequestCommand } from './fulfil-request.command.js';

const died = () => Promise.reject(new Error('the process died'));

async function newsletter(ledger: TestLedger, { contactId }: Person) {
  const { preferences } = await ledger.ask(new ShowPreferencesQuery(contactId));
  return preferences[0]!.reason;
}

async function typesOf(ledger: TestLedger, { contactId }: Person) {
  return (await ledger.eventsOf(contactId)).map(({ type }) => type);
}

async function received(ledger: TestLedger, kind: RequestKind, person = anna): Promise<string> {
  const { requestId } = await ledger.execute(receiveRequest(by(person), { kind }));
  await ledger.execute(new CheckIdentityCommand(onRequest(requestId), 'signature'));
  return requestId;
}

/** A ledger in which Anna, who opted in, is reached at Bram's address by now. */
async function rectified(): Promise<TestLedger> {
  const ledger = await createTestLedger();
  await ledger.execute(optIn(by(anna)));
  const requestId = await received(ledger, 'rectification');
  await ledger.execute(new FulfilRequestCommand(onRequest(requestId), bram));
  return ledger;
}

describe('receiving a request (P9)', () => {
  it('that crashed before the restriction is mended by asking again with the same key', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const command = receiveRequest(by(anna, { idempotencyKey: 'letter-7' }), { kind: 'objection' });
    ledger.store.beforeAppend(async (streamId) => (streamId.startsWith('contact-') ? died() : undefined), 2);
    await expect(ledger.execute(command)).rejects.toThrow('the process died');
    expect(await newsletter(ledger, anna)).toBe('CONSENT');
    expect((await ledger.execute(command)).recorded).toStrictEqual([]);
    expect(await newsletter(ledger, anna)).toBe('RESTRICTED');
  });

  it('again after it was answered restricts nothing any more', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const command = receiveRequest(by(anna, { idempotencyKey: 'letter-7' }), { kind: 'restriction' });
    const { requestId } = await ledger.execute(command);
    await ledger.execute(new RefuseRequestCommand(onRequest(requestId), 'unreasonably-often', 'Again'));
    await ledger.execute(command);
    expect(await newsletter(ledger, anna)).toBe('CONSENT');
  });
});

describe('answering a request (P9)', () => {
  it('leaves a restriction standing that an officer made', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const requestId = await received(ledger, 'restriction');
    await ledger.execute(restrict(by(anna), true, 'A dispute'));
    await ledger.execute(new RefuseRequestCommand(onRequest(requestId), 'unreasonably-often', 'Again'));
    expect(await newsletter(ledger, anna)).toBe('RESTRICTED');
  });

  it('that crashed before it was said to be answered is completed by asking again', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const requestId = await received(ledger, 'objection');
    const command = new FulfilRequestCommand(onRequest(requestId));
    ledger.store.beforeAppend(async (streamId) => (streamId === requestStream(requestId) ? died() : undefined), 2);
    await expect(ledger.execute(command)).rejects.toThrow('the process died');
    expect(await newsletter(ledger, anna)).toBe('RESTRICTED');
    await ledger.execute(command);
    expect(await typesOf(ledger, anna)).toStrictEqual([
      'OptedIn',
      'ProcessingRestricted',
      'OptedOut',
      'RestrictionLifted',
    ]);
    expect(await newsletter(ledger, anna)).toBe('OPTED_OUT');
  });

  it('that crashed before the restriction was lifted is completed by asking again', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const requestId = await received(ledger, 'restriction');
    const refuse = new RefuseRequestCommand(onRequest(requestId), 'unreasonably-often', 'Again');
    ledger.store.beforeAppend(async (streamId) => (streamId.startsWith('contact-') ? died() : undefined), 2);
    await expect(ledger.execute(refuse)).rejects.toThrow('the process died');
    expect(await newsletter(ledger, anna)).toBe('RESTRICTED');
    expect((await ledger.execute(refuse)).recorded).toStrictEqual([]);
    expect(await newsletter(ledger, anna)).toBe('CONSENT');
  });

  it('seals nothing for somebody whose data was erased since: that would give them a new key', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const { requestId } = await ledger.execute(receiveRequest(by(anna), { kind: 'access' }));
    await ledger.execute(erase(by(anna)));
    await ledger.execute(new RefuseRequestCommand(onRequest(requestId), 'unreasonably-often', 'Nothing is left'));
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    const { events } = await ledger.ask(new ShowRequestQuery(requestId));
    expect(events.map(({ personal }) => personal)).toStrictEqual(['erased', null]);
  });
});

describe('rectifying an address (P9)', () => {
  it('that crashed between the two contacts is completed by asking again', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const command = new FulfilRequestCommand(onRequest(await received(ledger, 'rectification')), bram);
    ledger.store.beforeAppend(async (streamId) => (streamId.endsWith(anna.contactId) ? died() : undefined), 2);
    await expect(ledger.execute(command)).rejects.toThrow('the process died');
    expect(await typesOf(ledger, bram)).toStrictEqual(['PreferencesCarriedOver']);
    expect(await newsletter(ledger, bram)).toBe('RESTRICTED');

    await ledger.execute(command);
    expect(await typesOf(ledger, anna)).toStrictEqual([
      'OptedIn',
      'ProcessingRestricted',
      'AddressRectified',
      'RestrictionLifted',
    ]);
    expect([await newsletter(ledger, anna), await newsletter(ledger, bram)]).toStrictEqual([
      'UNDELIVERABLE',
      'CONSENT',
    ]);
  });

  it('takes along an opt-out that came while it was under way (P4)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const command = new FulfilRequestCommand(onRequest(await received(ledger, 'rectification')), bram);
    let came = false;
    ledger.store.beforeAppend(async (streamId) => {
      if (came || !streamId.endsWith(anna.contactId)) return;
      came = true;
      await ledger.execute(optOut(by(anna)));
    }, 8);
    await ledger.execute(command);
    expect(came).toBe(true);
    expect(await newsletter(ledger, bram)).toBe('OPTED_OUT');
  });

  it('lets an opt-out, and its undoing, through a link of before count at both addresses', async () => {
    const ledger = await rectified();
    ledger.clock.advance(1000);
    const { recorded } = await ledger.execute(unsubscribe(by(anna)));
    expect(await newsletter(ledger, bram)).toBe('OPTED_OUT');
    ledger.clock.advance(1000);
    await ledger.execute(undoOptOut(by(anna), recorded[0]!.eventId));
    expect(await newsletter(ledger, bram)).toBe('CONSENT');
  });

  it('lets a complaint about a message to the old address count at the new one', async () => {
    const ledger = await rectified();
    await ledger.execute(recordDeliverability(by(anna), { kind: 'complained' }));
    expect(await newsletter(ledger, bram)).toBe('OPTED_OUT');
  });

  it('lets a confirmation of before count at the new address', async () => {
    const ledger = await createTestLedger();
    const { recorded } = await ledger.execute(doubleOptIn(by(anna)));
    const requestId = await received(ledger, 'rectification');
    await ledger.execute(new FulfilRequestCommand(onRequest(requestId), bram));
    expect(await newsletter(ledger, bram)).toBe('NO_CONSENT');
    ledger.clock.advance(1000);
    await ledger.execute(confirmOptIn(by(anna), recorded[0]!.eventId));
    expect(await newsletter(ledger, bram)).toBe('CONSENT');
  });

  it('answers no act on the old address before it counts at the new one, and asking again completes it', async () => {
    const ledger = await rectified();
    ledger.store.beforeAppend(async (streamId) => (streamId.endsWith(bram.contactId) ? died() : undefined), 2);
    await expect(ledger.execute(unsubscribe({ ...by(anna), act: 'one-click' }))).rejects.toThrow('the process died');
    await ledger.execute(unsubscribe({ ...by(anna), act: 'one-click' }));
    expect(await newsletter(ledger, bram)).toBe('OPTED_OUT');
    expect((await typesOf(ledger, anna)).filter((type) => type === 'OptedOut')).toHaveLength(1);
  });

  it('does not follow somebody who opts in under the old address later: it may be another', async () => {
    const ledger = await rectified();
    ledger.clock.advance(1000);
    await ledger.execute(optIn(by(anna), { purposes: ['sales-contact'] }));
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(bram.contactId));
    expect(preferences.find(({ purpose }) => purpose === 'sales-contact')!.reason).toBe('NO_CONSENT');
  });
});
