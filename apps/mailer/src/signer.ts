import { createDkimSigner, loadDkimKeys, type MessageSigner } from '@consent-ledger/mail';
import { dkimSettings, type Configuration } from '@consent-ledger/platform';

/** What signs mail with the keys of `DKIM_*`; nothing where they are not given. Throws `ConfigurationError`. */
export async function openSigner(configuration: Configuration): Promise<MessageSigner | undefined> {
  const settings = dkimSettings(configuration);
  return settings && createDkimSigner(await loadDkimKeys(settings));
}
