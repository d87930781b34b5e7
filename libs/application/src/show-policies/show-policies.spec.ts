import { createTestLedger, instant, nextPolicy, START_OF_STORY } from '@consent-ledger/testing';
import { expect, it } from '@jest/globals';
import { ShowPoliciesQuery } from './show-policies.query.js';

it('the policies are listed in the order in which they come into force', async () => {
  const ledger = await createTestLedger();
  ledger.policies.publish({ ...nextPolicy('2030-01-01T00:00:00Z', {}), version: 3 }, instant(START_OF_STORY));
  ledger.policies.publish(nextPolicy('2025-01-01T00:00:00Z', {}), instant(START_OF_STORY));
  expect(await ledger.ask(new ShowPoliciesQuery())).toStrictEqual([
    {
      id: 'dnp-giftcard',
      version: 1,
      inForceFrom: '2018-05-24T22:00:00.000Z',
      publishedAt: '1970-01-01T00:00:00.000Z',
    },
    { id: 'dnp-giftcard', version: 2, inForceFrom: '2025-01-01T00:00:00.000Z', publishedAt: START_OF_STORY },
    { id: 'dnp-giftcard', version: 3, inForceFrom: '2030-01-01T00:00:00.000Z', publishedAt: START_OF_STORY },
  ]);
});
