import { createMailing, createTestLedger, nextPolicy, openPartOf, purposesWithout } from '@consent-ledger/testing';
import { mailingStream } from '@consent-ledger/projections';
import { describe, expect, it } from '@jest/globals';
import { CONFIRMATIONS } from '../deliver/delivery.js';

describe('creating a mailing', () => {
  it('records what it sends', async () => {
    const { execute, store } = await createTestLedger();
    expect(await execute(createMailing())).toStrictEqual({ mailingId: 'spring' });
    const [created] = await store.readStream(mailingStream('spring'));
    expect(openPartOf(created!)).toStrictEqual({
      type: 'MailingCreated',
      data: {
        mailingId: 'spring',
        purpose: 'newsletter',
        template: 'newsletter',
        subject: 'Spring is here',
        language: 'nl',
        variables: { season: 'spring' },
      },
    });
    expect(created!.metadata).toMatchObject({ policyVersion: 'dnp-giftcard@1', correlationId: 'a-request' });
  });

  it('a second time is the same mailing, whatever the order of its variables', async () => {
    const { execute, store } = await createTestLedger();
    await execute(createMailing({ variables: { a: 1, b: { c: [2] } } }));
    expect(await execute(createMailing({ variables: { b: { c: [2] }, a: 1 } }))).toStrictEqual({ mailingId: 'spring' });
    expect(await store.head()).toBe(0);
  });

  it('is refused where another mailing has its id', async () => {
    const { execute, store } = await createTestLedger();
    await execute(createMailing());
    for (const other of [{ subject: 'Summer is here' }, { purpose: 'service' }, { variables: {} }])
      await expect(execute(createMailing(other))).rejects.toMatchObject({ code: 'CONFLICT', status: 409 });
    expect(await store.head()).toBe(0);
  });

  it('is refused with the id under which confirmations are sent', async () => {
    const { execute } = await createTestLedger();
    await expect(execute(createMailing({ mailingId: CONFIRMATIONS }))).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is refused for a purpose that the policy in force lacks (P10)', async () => {
    const { execute, clock, policies } = await createTestLedger();
    const unknown = { code: 'UNKNOWN_PURPOSE', status: 422, errors: [{ field: 'purpose' }] };
    await expect(execute(createMailing({ purpose: 'advertising' }))).rejects.toMatchObject(unknown);

    const changes = { purposes: purposesWithout('sales-contact'), statements: [] };
    policies.publish(nextPolicy('2024-03-01T13:00:00Z', changes), 0);
    await execute(createMailing({ purpose: 'sales-contact' }));
    clock.advance(3_600_000);
    await expect(execute(createMailing({ mailingId: 'summer', purpose: 'sales-contact' }))).rejects.toMatchObject(
      unknown,
    );
  });
});
