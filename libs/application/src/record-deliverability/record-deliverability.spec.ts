import { anna, by, given, later, optIn, recordDeliverability, type TestLedger } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ContactRepository } from '../contact/contact-repository.js';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';
import { recordDeliverabilityOf } from './record-deliverability.command.js';

const fact = by(anna, { source: { kind: 'mail-provider' }, actor: { kind: 'system' } });
const bounce = recordDeliverability(fact, { kind: 'bounced', permanent: true });
const bounced = { type: 'MailBounced', data: { permanent: true } } as const;

async function reasons(ledger: TestLedger) {
  const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
  return Object.fromEntries(preferences.map(({ purpose, reason }) => [purpose, reason]));
}

describe('recording deliverability (P4)', () => {
  it('of a permanent failure stops all mail, service mail too', async () => {
    const { ledger } = await given(optIn(by(anna)), later(1000))
      .when(bounce)
      .thenRecords(bounced);
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'UNDELIVERABLE', service: 'UNDELIVERABLE' });
  });

  it('of a failure for now stops nothing', async () => {
    const { ledger } = await given(optIn(by(anna)), later(1000))
      .when(recordDeliverability(fact, { kind: 'bounced', permanent: false }))
      .thenRecords({ type: 'MailBounced', data: { permanent: false } });
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'CONSENT', service: 'SERVICE' });
  });

  it('of an address that was proven since lets mail through again', async () => {
    const { ledger } = await given(optIn(by(anna)), later(1000), bounce, later(1000))
      .when(recordDeliverability(fact, { kind: 'deliverable' }))
      .thenRecords({ type: 'AddressProven', data: {} });
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'CONSENT' });
  });

  it('of a complaint stops all commercial mail, and no service mail', async () => {
    const { ledger } = await given(optIn(by(anna)), later(1000))
      .when(recordDeliverability(fact, { kind: 'complained' }))
      .thenRecords({ type: 'SpamReported', data: {} });
    expect(await reasons(ledger)).toMatchObject({
      newsletter: 'COMPLAINED',
      'sales-contact': 'COMPLAINED',
      service: 'SERVICE',
    });
  });

  it.each([
    ['bounce', bounce],
    ['complaint', recordDeliverability(fact, { kind: 'complained' })],
    ['proof', recordDeliverability(fact, { kind: 'deliverable' })],
  ])('of the same %s sent twice is recorded once', async (_sentence, command) => {
    await given(command, later(1000)).when(command).thenRecordsNothing();
  });

  it('is the same for callers inside the application', async () => {
    const { ledger } = await given().when(bounce).thenRecords(bounced);
    const again = await recordDeliverabilityOf(ledger.app.get(ContactRepository), fact, bounce.deliverability);
    expect(again).toMatchObject({ revision: 0, recorded: [] });
  });
});
