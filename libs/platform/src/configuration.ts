import 'reflect-metadata';
import { isIP } from 'node:net';
import { plainToInstance, Transform } from 'class-transformer';
import {
  IsEmail,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateBy,
  validateSync,
} from 'class-validator';
import { dkimFaults } from './dkim-settings.js';
import { inboundFaults } from './inbound-settings.js';
import { kafkaFaults } from './kafka-settings.js';

const toNumber = Transform(({ value }) => (value === undefined || value === '' ? undefined : Number(value)));

const PROXIES = {
  message:
    '$property must be a list of IP addresses, CIDR blocks, "loopback", "linklocal" or "uniquelocal", with commas',
};

const DATABASE = {
  message: '$property must be postgres://user:password@host/database, with %-escapes in the password',
};

/** Every setting, read from the environment once; each has a default or may be absent. */
export class Configuration {
  /** The port to listen on; 0 takes a free one. */
  @toNumber @IsInt() @Min(0) @Max(65_535) readonly PORT: number = 3000;
  /** The interface to listen on. */
  @IsString() readonly HOST: string = '127.0.0.1';
  /** Where the log, the vault, the read models, the secrets and the outbox are kept. */
  @IsString() @MinLength(1) readonly DATA_DIR: string = './data';
  /** The server that holds the log; by default it is a file in DATA_DIR. It may hold a password: it is never shown. */
  @IsOptional()
  @Matches(/^(esdb|kurrentdb|kurrent|kdb)(\+discover)?:\/\/./, {
    message: '$property must begin with esdb:// or esdb+discover://',
  })
  readonly EVENT_STORE_URL?: string;
  /** The PostgreSQL database that holds the key vault; by default it is a file in DATA_DIR. Its password is never shown. */
  @IsOptional()
  @ValidateBy({ name: 'isDatabaseUrl', validator: { validate: isDatabaseUrl } }, DATABASE)
  readonly KEY_VAULT_URL?: string;
  /** Brokers of the Kafka cluster that facts and verdicts are published to, `host:port` with commas; without it none are. */
  @IsOptional()
  @Matches(/^[\w.-]+:\d{1,5}(,[\w.-]+:\d{1,5})*$/, { message: '$property must be a list of host:port, with commas' })
  readonly KAFKA_BROKERS?: string;
  /** What the names of all topics and groups begin with, where several installations share a cluster. */
  @IsOptional()
  @Matches(/^[\w.-]{1,64}$/, { message: '$property must be at most 64 letters, digits, dots, dashes or underscores' })
  readonly KAFKA_TOPIC_PREFIX?: string;
  @IsIn(['on', 'off']) readonly KAFKA_TLS: string = 'off';
  /** The file of the authority (PEM) that the brokers' certificates are checked by; by default those of the machine. */
  @IsOptional() @IsString() readonly KAFKA_CA_PATH?: string;
  @IsOptional()
  @IsIn(['plain', 'scram-sha-256', 'scram-sha-512'])
  readonly KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  @IsOptional() @IsString() readonly KAFKA_USERNAME?: string;
  @IsOptional() @IsString() readonly KAFKA_PASSWORD?: string;
  /** Where recipients reach this service, as it stands in links; by default where it listens. */
  @IsOptional()
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  readonly PUBLIC_URL?: string;
  /** The proxies whose word on a client's address is taken: addresses, CIDR blocks or `loopback`, with commas; none by default. */
  @IsOptional()
  @ValidateBy({ name: 'isListOfProxies', validator: { validate: isListOfProxies } }, PROXIES)
  readonly TRUSTED_PROXIES?: string;
  /** How often one client may open a recipient's page; 0 for no bound. */
  @toNumber @IsInt() @Min(0) readonly VISITS_PER_MINUTE: number = 600;
  /** How many forms that may send a mail one client may post; 0 for no bound. */
  @toNumber @IsInt() @Min(0) readonly FORMS_PER_TEN_MINUTES: number = 30;
  /** How many such forms all clients together may post; 0 for no bound. */
  @toNumber @IsInt() @Min(0) readonly FORMS_PER_MINUTE_IN_ALL: number = 600;
  /** How many damaged links one client may try, and how many wrong API keys; 0 for no bound. */
  @toNumber @IsInt() @Min(0) readonly GUESSES_PER_TEN_MINUTES: number = 100;
  @IsIn(['silent', 'error', 'warn', 'info', 'debug']) readonly LOG_LEVEL: string = 'info';
  /** A policy file, or a folder of them; the shipped policy by default. */
  @IsOptional() @IsString() readonly POLICY_PATH?: string;

  /** The administrator's key, with every scope; without it the first start makes one. */
  @IsOptional() @MinLength(1) readonly LEDGER_ADMIN_KEY?: string;
  /** The secrets, base64, 32 bytes each; those that are absent are kept in DATA_DIR/secrets.json. */
  @IsOptional() @Matches(/^[A-Za-z0-9+/_-]{43}=?$/) readonly LEDGER_PEPPER?: string;
  @IsOptional() @Matches(/^[A-Za-z0-9+/_-]{43}=?$/) readonly LEDGER_MASTER_KEY?: string;
  /** Master keys as `id:base64,id:base64`, in place of the one; the first wraps, all unwrap. */
  @IsOptional()
  @Matches(/^[\w-]+:[A-Za-z0-9+/_-]{43}=?(,[\w-]+:[A-Za-z0-9+/_-]{43}=?)*$/)
  readonly LEDGER_MASTER_KEYS?: string;
  /** Link keys as `id:base64,id:base64`; the first signs, all verify. */
  @IsOptional()
  @Matches(/^[\w-]+:[A-Za-z0-9+/_-]{43}=?(,[\w-]+:[A-Za-z0-9+/_-]{43}=?)*$/)
  readonly LEDGER_LINK_KEYS?: string;

  /** Where mail is handed over; without it messages are written to DATA_DIR/outbox. */
  @IsOptional()
  @IsUrl({ require_tld: false, protocols: ['smtp', 'smtps'], require_protocol: true })
  readonly SMTP_URL?: string;
  /** The address mails are from; by default the controller's in the policy. */
  @IsOptional() @IsEmail() readonly MAIL_FROM?: string;
  /** The address that takes opt-outs by mail; by default the controller's in the policy. */
  @IsOptional() @IsEmail() readonly MAIL_UNSUBSCRIBE?: string;
  /** The address that takes bounces; each message is sent from it with a signed mark of its own. */
  @IsOptional() @IsEmail() readonly MAIL_BOUNCES?: string;
  /** The port on which mail is taken; without it none is. */
  @toNumber @IsOptional() @IsInt() @Min(1) @Max(65_535) readonly INBOUND_SMTP_PORT?: number;
  /** The interface on which mail is taken. */
  @IsString() readonly INBOUND_SMTP_HOST: string = '127.0.0.1';
  /** The files of the certificate and its key (PEM) for STARTTLS; without them it is not offered. */
  @IsOptional() @IsString() readonly INBOUND_SMTP_CERT?: string;
  @IsOptional() @IsString() readonly INBOUND_SMTP_KEY?: string;
  /** The most messages a second that are taken of one client, and four times as many of all; more are asked to come again. */
  @toNumber @IsInt() @Min(1) readonly INBOUND_SMTP_RATE: number = 20;
  /** The domain that signs mails (RFC 6376); needs the two beside it. */
  @IsOptional() @IsString() readonly DKIM_DOMAIN?: string;
  /** The selector of the key, or several with commas between: each of them signs. */
  @IsOptional() @IsString() readonly DKIM_SELECTOR?: string;
  /** The file of the private key (PEM), one for each selector. */
  @IsOptional() @IsString() readonly DKIM_KEY_PATH?: string;
  @toNumber @IsInt() @Min(1) @Max(64) readonly MAIL_CONCURRENCY: number = 4;
  /** The most messages a second; 0 for no bound. */
  @toNumber @IsInt() @Min(0) readonly MAIL_RATE: number = 0;
  /** How often a message that failed for now is tried in all. */
  @toNumber @IsInt() @Min(1) @Max(20) readonly MAIL_ATTEMPTS: number = 6;
  /** Seconds before the second try; each further one waits twice as long. */
  @toNumber @IsNumber() @Min(0.01) readonly MAIL_RETRY_SECONDS: number = 60;
  /** Seconds that another mailer may have a message under way before it is taken for dead, and the outcome for unknown. */
  @toNumber @IsInt() @Min(1) readonly MAIL_LEASE_SECONDS: number = 900;
  @IsOptional() @IsString() readonly TEMPLATES_DIR?: string;
  /** The look of the recipients' pages; the shipped one by default. */
  @IsOptional() @IsString() readonly BRANDING_PATH?: string;
  /** How long a link to the preference page opens it, in hours from when it was asked for. */
  @toNumber @IsInt() @Min(1) @Max(168) readonly PREFERENCE_HOURS: number = 24;

  /** Mebibytes for verdicts that were decided before, some 11 900 each; 0 keeps none. */
  @toNumber @IsInt() @Min(0) @Max(1024) readonly VERDICT_CACHE_MIB: number = 32;
}

/** A setting that is not right stops the start, and the message names each one. */
export class ConfigurationError extends Error {
  readonly code = 'CONFIGURATION';
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is not right:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/** Reads, checks and freezes the configuration. Throws `ConfigurationError` that names every fault. */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Readonly<Configuration> {
  const known = Object.keys(new Configuration()).concat(optionalNames);
  const given = known.flatMap((name) => (environment[name] ? [[name, environment[name]] as const] : []));
  const configuration = plainToInstance(Configuration, Object.fromEntries(given), { exposeDefaultValues: true });
  const faults = validateSync(configuration).flatMap(({ constraints = {} }) => Object.values(constraints));
  if (faults.length === 0)
    faults.push(
      ...addressFaults(configuration),
      ...keyFaults(configuration),
      ...masterKeyFaults(configuration),
      ...dkimFaults(configuration),
      ...inboundFaults(configuration),
      ...kafkaFaults(configuration),
    );
  if (faults.length > 0) throw new ConfigurationError(faults);
  return Object.freeze(configuration);
}

function isDatabaseUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) return false;
  const { hostname, pathname } = new URL(value);
  return hostname !== '' && /^\/[^/]+$/.test(pathname);
}

const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

function isListOfProxies(value: unknown): boolean {
  return typeof value === 'string' && value.split(',').every((part) => isNetwork(part.trim()));
}

function isNetwork(text: string): boolean {
  if (NAMED_NETWORKS.includes(text)) return true;
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && (prefix === undefined || Number(prefix) <= (version === 4 ? 32 : 128));
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Links in mails must reach this service, and over HTTPS (RFC 8058 §3.1), except on a machine's own loopback. */
function addressFaults({ HOST, PUBLIC_URL }: Configuration): string[] {
  if (PUBLIC_URL === undefined)
    return LOOPBACK.test(HOST)
      ? []
      : ['PUBLIC_URL is needed when HOST is not a loopback address: links in mails begin with it'];
  const { protocol, hostname, search, hash, username, password } = new URL(PUBLIC_URL);
  if (search || hash || username || password)
    return ['PUBLIC_URL must have no query, fragment or credentials: links are made by adding to it'];
  return protocol === 'https:' || isLocal(hostname)
    ? []
    : ['PUBLIC_URL must begin with https://: providers refuse one-click links over http'];
}

const MIN_ADMIN_KEY = 32;

/** Wrong keys never lock out a right one, so nothing but its length keeps it from being guessed by whoever reaches this service. */
function keyFaults({ HOST, PUBLIC_URL, LEDGER_ADMIN_KEY: key }: Configuration): string[] {
  const isReachable = !isLocal(HOST) || (PUBLIC_URL !== undefined && !isLocal(new URL(PUBLIC_URL).hostname));
  return key === undefined || key.length >= MIN_ADMIN_KEY || !isReachable
    ? []
    : [
        `LEDGER_ADMIN_KEY must have at least ${MIN_ADMIN_KEY} characters where others reach this service: make one with "openssl rand -base64 32"`,
      ];
}

function masterKeyFaults({ LEDGER_MASTER_KEY: one, LEDGER_MASTER_KEYS: many = '' }: Configuration): string[] {
  if (one !== undefined && many !== '') return ['LEDGER_MASTER_KEY stands in LEDGER_MASTER_KEYS: set only that'];
  const keys = many.split(',').map((text) => text.split(':'));
  const areDistinct = [0, 1].every((part) => new Set(keys.map((key) => key[part])).size === keys.length);
  return areDistinct ? [] : ['LEDGER_MASTER_KEYS must name each key once, and give each name one key'];
}

function isLocal(host: string): boolean {
  return LOOPBACK.test(host.replace(/^\[|\]$/g, ''));
}

const optionalNames: (keyof Configuration)[] = [
  'EVENT_STORE_URL',
  'KEY_VAULT_URL',
  'KAFKA_BROKERS',
  'KAFKA_TOPIC_PREFIX',
  'KAFKA_CA_PATH',
  'KAFKA_SASL_MECHANISM',
  'KAFKA_USERNAME',
  'KAFKA_PASSWORD',
  'PUBLIC_URL',
  'TRUSTED_PROXIES',
  'POLICY_PATH',
  'LEDGER_ADMIN_KEY',
  'LEDGER_PEPPER',
  'LEDGER_MASTER_KEY',
  'LEDGER_MASTER_KEYS',
  'LEDGER_LINK_KEYS',
  'SMTP_URL',
  'MAIL_FROM',
  'MAIL_UNSUBSCRIBE',
  'MAIL_BOUNCES',
  'INBOUND_SMTP_PORT',
  'INBOUND_SMTP_CERT',
  'INBOUND_SMTP_KEY',
  'DKIM_DOMAIN',
  'DKIM_SELECTOR',
  'DKIM_KEY_PATH',
  'TEMPLATES_DIR',
  'BRANDING_PATH',
];
