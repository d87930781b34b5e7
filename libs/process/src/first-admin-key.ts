import type { Ledger } from '@consent-ledger/application';

/**
 * The administrator's key, made while nobody has one: without it nobody could use the service, nor make a key. `undefined`
 * where there is one, or where another process that starts makes it.
 */
export async function firstAdminKey({ apiKeys, processor }: Ledger): Promise<string | undefined> {
  const created = await apiKeys.createFirst();
  if (!created) return undefined;
  await processor.waitFor(created.position, { timeoutMs: 5_000 });
  return created.key;
}
