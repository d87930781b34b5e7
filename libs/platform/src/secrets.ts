import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { ConfigurationError, type Configuration } from './configuration.js';
import { dataFiles } from './data-files.js';
import { writeDurably } from './durable-file.js';

/** The three secrets of the service. Whoever loses the pepper loses every contact; whoever loses the master key, every address. */
export interface Secrets {
  readonly pepper: Buffer;
  /** The first wraps, all unwrap. */
  readonly masterKeys: readonly NamedSecret[];
  /** The first signs, all verify. */
  readonly linkKeys: readonly NamedSecret[];
}

export interface NamedSecret {
  readonly id: string;
  readonly secret: Buffer;
}

interface SecretsFile {
  readonly pepper: string;
  /** It may be taken out where the environment has the master keys. */
  readonly masterKey?: string;
  readonly linkKeys: readonly { readonly id: string; readonly secret: string }[];
}

const SECRET_BYTES = 32;

/**
 * The secrets from the configuration, and for those it lacks from `DATA_DIR/secrets.json`, which the first start makes.
 * Throws `ConfigurationError` when the file is gone while there is a log: new secrets would orphan every contact in it;
 * and where the log is on a server and one is not configured: every process on that log needs the same.
 */
export function readSecrets(configuration: Configuration): Secrets {
  const { LEDGER_PEPPER, LEDGER_LINK_KEYS, DATA_DIR } = configuration;
  requireShared(configuration);
  const masterKeys = configuredMasterKeys(configuration);
  const complete = LEDGER_PEPPER && masterKeys && LEDGER_LINK_KEYS;
  const file = complete ? undefined : readOrMakeFile(DATA_DIR);
  if (!masterKeys && file!.masterKey === undefined) throw damaged();
  return {
    pepper: decode(LEDGER_PEPPER ?? file!.pepper),
    masterKeys: masterKeys ?? [onlyMasterKey(file!.masterKey!)],
    linkKeys: LEDGER_LINK_KEYS
      ? parseNamed(LEDGER_LINK_KEYS)
      : file!.linkKeys.map(({ id, secret }) => ({ id, secret: decode(secret) })),
  };
}

function configuredMasterKeys({ LEDGER_MASTER_KEY, LEDGER_MASTER_KEYS }: Configuration): NamedSecret[] | undefined {
  if (LEDGER_MASTER_KEYS) return parseNamed(LEDGER_MASTER_KEYS);
  return LEDGER_MASTER_KEY ? [onlyMasterKey(LEDGER_MASTER_KEY)] : undefined;
}

/** One that was given no name has that of where it is given. */
function onlyMasterKey(text: string): NamedSecret {
  return { id: 'LEDGER_MASTER_KEY', secret: decode(text) };
}

const SHARED = ['LEDGER_PEPPER', 'LEDGER_MASTER_KEY', 'LEDGER_LINK_KEYS'] as const;

function requireShared(configuration: Configuration): void {
  if (configuration.EVENT_STORE_URL === undefined) return;
  const hasMasterKeys = configuration.LEDGER_MASTER_KEYS !== undefined;
  const missing = SHARED.filter(
    (name) => configuration[name] === undefined && !(name === 'LEDGER_MASTER_KEY' && hasMasterKeys),
  );
  if (missing.length > 0)
    throw new ConfigurationError(
      missing.map((name) => `${name} is needed with EVENT_STORE_URL: every process on that log needs the same one`),
    );
}

function readOrMakeFile(directory: string): SecretsFile {
  const { secrets: path, log } = dataFiles(directory);
  if (existsSync(path)) return readFile(path);
  if (existsSync(log))
    throw new ConfigurationError([
      'DATA_DIR holds a log but no secrets.json: put the file back from your backup, or set LEDGER_PEPPER, LEDGER_MASTER_KEY and LEDGER_LINK_KEYS',
    ]);
  const secret = () => randomBytes(SECRET_BYTES).toString('base64');
  const file: SecretsFile = { pepper: secret(), masterKey: secret(), linkKeys: [{ id: 'k1', secret: secret() }] };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeDurably(path, `${JSON.stringify(file, null, 2)}\n`);
  return file;
}

/** What is wrong with the file is not told by its parser, which would quote it. */
function readFile(path: string): SecretsFile {
  const file = parseJson(readFileSync(path, 'utf8'));
  if (isSecretsFile(file)) return file;
  throw damaged();
}

function damaged(): ConfigurationError {
  return new ConfigurationError(['secrets.json in DATA_DIR is damaged: put the file back from your backup']);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSecretsFile(file: unknown): file is SecretsFile {
  const { pepper, masterKey, linkKeys } = (file ?? {}) as Partial<SecretsFile>;
  if (!Array.isArray(linkKeys) || linkKeys.length === 0) return false;
  const secrets = [pepper, ...(linkKeys as SecretsFile['linkKeys']).map(({ secret }) => secret)];
  return secrets.every(isSecret) && (masterKey === undefined || isSecret(masterKey));
}

function isSecret(text: unknown): boolean {
  return typeof text === 'string' && decode(text).length === SECRET_BYTES;
}

/** Secrets as `id:base64,id:base64`. */
function parseNamed(list: string): NamedSecret[] {
  return list.split(',').map((text) => {
    const [id, secret] = text.split(':') as [string, string];
    return { id, secret: decode(secret) };
  });
}

function decode(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
