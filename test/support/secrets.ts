const secret = (name: string) => Buffer.alloc(32, name).toString('base64');

/** Secrets for services that share a log. */
export const SECRETS = {
  LEDGER_PEPPER: secret('pepper'),
  LEDGER_MASTER_KEY: secret('master key'),
  LEDGER_LINK_KEYS: `k1:${secret('link key')}`,
} as const;

/** The same as the file that an embedded service keeps. */
export const secretsFile = JSON.stringify({
  pepper: SECRETS.LEDGER_PEPPER,
  masterKey: SECRETS.LEDGER_MASTER_KEY,
  linkKeys: [{ id: 'k1', secret: secret('link key') }],
});
