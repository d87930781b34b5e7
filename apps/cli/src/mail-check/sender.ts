import { existsSync } from 'node:fs';
import { configuredPolicies } from '@consent-ledger/application';
import { policyInForce, type Instant, type PolicyDocument } from '@consent-ledger/consent';
import { openSqliteEventStore } from '@consent-ledger/event-store';
import { dataFiles, type Configuration } from '@consent-ledger/platform';
import {
  createPolicyShelf,
  loadPolicies,
  NoPolicyPublished,
  type PublishedDocument,
} from '@consent-ledger/projections';

/** The policy that mails are made by at the moment `now`: of those in the log, if there is one, and those of the settings. */
export async function senderPolicy(configuration: Configuration, now: Instant): Promise<PolicyDocument> {
  const documents = await configuredPolicies(configuration);
  const ids = [...new Set(documents.map(({ id }) => id))];
  const configured = documents.map((document) => ({ document, publishedAt: now }));
  const shelf = createPolicyShelf([...(await publishedIn(configuration, ids)), ...configured]);
  return policyInForce(shelf.history(), now, now).document;
}

async function publishedIn({ DATA_DIR }: Configuration, ids: readonly string[]): Promise<PublishedDocument[]> {
  const { log: path } = dataFiles(DATA_DIR);
  if (!existsSync(path)) return [];
  const store = openSqliteEventStore({ path });
  try {
    const history = (await loadPolicies(store, ids)).history();
    return history.map(({ policy, ...published }) => ({ document: policy.document, ...published }));
  } catch (error) {
    if (error instanceof NoPolicyPublished) return [];
    throw error;
  } finally {
    await store.close();
  }
}
