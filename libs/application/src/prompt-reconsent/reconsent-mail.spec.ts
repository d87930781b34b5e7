import {
  anna,
  bram,
  by,
  createTestLedger,
  erase,
  later,
  nextPolicy,
  openPartOf,
  optIn,
  optOut,
  shippedPolicy,
  type Step,
  type TestLedger,
} from '@consent-ledger/testing';
import { KeyMissing } from '@consent-ledger/privacy';
import { describe, expect, it, jest } from '@jest/globals';
import { RECONSENT, type Delivery } from '../deliver/delivery.js';
import { DeliveryRepository } from '../deliver/delivery-repository.js';
import { DeliveriesQuery } from '../show-deliveries/show-deliveries.query.js';
import { ReconsentMail, type ReconsentMailRequest } from './reconsent-mail.js';

const wanted: ReconsentMailRequest = {
  contactId: anna.contactId,
  promptId: 'a-prompt',
  purposes: ['newsletter'],
  reminder: false,
};
const english = { statement: { id: 'signup-form', version: 1, language: 'en' } };

async function given(...steps: Step[]): Promise<TestLedger> {
  const ledger = await createTestLedger();
  for (const step of steps) await (typeof step === 'function' ? step(ledger) : ledger.execute(step));
  return ledger;
}

const request = (ledger: TestLedger, change: Partial<ReconsentMailRequest> = {}) =>
  ledger.app.get(ReconsentMail).request({ ...wanted, ...change });

/** The messages that were asked for, each with the address that it goes to. */
async function askedFor(ledger: TestLedger) {
  await ledger.caughtUp();
  const deliveries = await ledger.ask(new DeliveriesQuery(anna.contactId));
  return Promise.all(
    deliveries.map(async ({ deliveryId }) => {
      const history = (await ledger.app.get(DeliveryRepository).load(deliveryId))!;
      const secrets = await ledger.app.get(DeliveryRepository).open(history);
      const { data } = openPartOf(history.events[0]!);
      return { ...(data as Delivery), address: typeof secrets === 'string' ? secrets : secrets.address };
    }),
  );
}

describe('the mail for a re-consent prompt (P5)', () => {
  it('is asked for with what it is about, its address sealed', async () => {
    const ledger = await given(optIn(by(anna)));
    expect(await request(ledger, { purposes: ['newsletter', 'event-invitation'] })).toBe('requested');
    const [delivery] = await askedFor(ledger);
    expect(delivery).toStrictEqual({
      deliveryId: expect.any(String),
      mailingId: RECONSENT,
      contactId: anna.contactId,
      purpose: 'reconsent',
      template: 'reconsent',
      language: 'nl',
      promptId: 'a-prompt',
      requestedPurposes: ['newsletter', 'event-invitation'],
      address: anna.address,
    });
  });

  it('is one for each prompt and one for its reminder, however often it is asked for', async () => {
    const ledger = await given(optIn(by(anna)));
    for (const reminder of [false, true, false, true]) await request(ledger, { reminder });
    const [prompt, reminder, ...others] = await askedFor(ledger);
    expect(others).toStrictEqual([]);
    expect([prompt!.template, reminder!.template].sort()).toStrictEqual(['reconsent', 'reconsent-reminder']);
    await request(ledger, { promptId: 'another-prompt' });
    expect(await askedFor(ledger)).toHaveLength(3);
  });

  it('tells of a reminder which mail it reminds of', async () => {
    const ledger = await given(optIn(by(anna)));
    await request(ledger);
    const [prompt] = await askedFor(ledger);
    await request(ledger, { reminder: true });
    expect(await askedFor(ledger)).toContainEqual(expect.objectContaining({ remindsOf: prompt!.deliveryId }));
  });

  it('is in the language of the statement that the person agreed to last', async () => {
    const inEnglish = await given(
      optIn(by(anna)),
      later(1000),
      optIn(by(anna), english),
      later(1000),
      optOut(by(anna)),
    );
    await request(inEnglish);
    expect(await askedFor(inEnglish)).toMatchObject([{ language: 'en' }]);
    const inDutch = await given(optIn(by(anna), english), later(1000), optIn(by(anna)));
    await request(inDutch);
    expect(await askedFor(inDutch)).toMatchObject([{ language: 'nl' }]);
  });

  it('is in the first language of the policy where it can no longer be in that one', async () => {
    const [form, reconsent] = shippedPolicy.statements;
    const statements = [form!, { ...reconsent!, texts: { nl: 'Ja.' }, hashes: { nl: 'aa'.repeat(32) } }];
    const onlyDutch: Step = ({ policies }) =>
      policies.publish(nextPolicy('2024-03-01T00:00:00Z', { statements, reconsent: { statement: 'reconsent' } }), 0);
    const ledger = await given(optIn(by(anna), english), onlyDutch);
    await request(ledger);
    expect(await askedFor(ledger)).toMatchObject([{ language: 'nl' }]);
  });

  it('goes to the latest address that can still be unsealed', async () => {
    const written = { ...anna, address: 'Anna.Bos@example.org' };
    const ledger = await given(optIn(by(anna)), later(1000), optIn(by(written)), later(1000));
    const { address: _address, ...withoutAddress } = by(anna, { source: { kind: 'one-click', reference: 'spring' } });
    await ledger.execute(optOut(withoutAddress, ['sales-contact']));
    await request(ledger);
    expect(await askedFor(ledger)).toMatchObject([{ address: 'Anna.Bos@example.org' }]);
  });

  it('is not asked for where no address is known any more, and says so', async () => {
    const { address: _address, ...withoutAddress } = by(anna);
    const ledgers = [await given(), await given(optIn(withoutAddress)), await given(optIn(by(anna)), erase(by(anna)))];
    for (const ledger of ledgers) {
      expect(await request(ledger)).toBe('no-address');
      expect(await askedFor(ledger)).toStrictEqual([]);
      expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    }
  });

  it('passes over what the vault can open no more, and the log says so', async () => {
    const ledger = await given(optIn(by(anna)), later(1000), optIn(by(anna)), optIn(by(bram)));
    jest.spyOn(ledger.personalData, 'open').mockRejectedValueOnce(new KeyMissing());
    expect(await request(ledger)).toBe('requested');
    expect(ledger.logger.lines).toMatchObject([{ level: 'error', fields: { error: { code: 'KEY_MISSING' } } }]);
  });
});
