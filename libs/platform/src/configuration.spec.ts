import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, readConfiguration } from './configuration.js';

const KEY = Buffer.alloc(32, 'k').toString('base64');
const OTHER_KEY = Buffer.alloc(32, 2).toString('base64');

/** What is wrong with these settings; nothing when they are taken. */
function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfiguration(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('the configuration', () => {
  it('has a default for all that a first start needs', () => {
    expect({ ...readConfiguration({}) }).toEqual({
      PORT: 3000,
      HOST: '127.0.0.1',
      DATA_DIR: './data',
      VISITS_PER_MINUTE: 600,
      FORMS_PER_TEN_MINUTES: 30,
      FORMS_PER_MINUTE_IN_ALL: 600,
      GUESSES_PER_TEN_MINUTES: 100,
      KAFKA_TLS: 'off',
      LOG_LEVEL: 'info',
      MAIL_CONCURRENCY: 4,
      MAIL_RATE: 0,
      INBOUND_SMTP_HOST: '127.0.0.1',
      INBOUND_SMTP_RATE: 20,
      MAIL_ATTEMPTS: 6,
      MAIL_RETRY_SECONDS: 60,
      MAIL_LEASE_SECONDS: 900,
      PREFERENCE_HOURS: 24,
      VERDICT_CACHE_MIB: 32,
    });
  });

  it('takes every setting from the environment, numbers as numbers, and nothing else', () => {
    const environment = {
      PORT: '0',
      HOST: '0.0.0.0',
      DATA_DIR: '/var/lib/ledger',
      EVENT_STORE_URL: 'esdb+discover://admin:changeit@log.internal:2113',
      KEY_VAULT_URL: 'postgres://ledger:changeit@vault.internal/keys?sslmode=verify-full',
      KAFKA_BROKERS: 'kafka-1.internal:9092,kafka-2.internal:9092',
      KAFKA_TOPIC_PREFIX: 'acceptance.',
      KAFKA_TLS: 'on',
      KAFKA_CA_PATH: '/etc/ledger/kafka-ca.pem',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_USERNAME: 'ledger',
      KAFKA_PASSWORD: 'secret',
      PUBLIC_URL: 'https://consent.example.org/base',
      TRUSTED_PROXIES: 'loopback, 10.0.0.0/8,2001:db8::1',
      VISITS_PER_MINUTE: '60',
      FORMS_PER_TEN_MINUTES: '5',
      FORMS_PER_MINUTE_IN_ALL: '90',
      GUESSES_PER_TEN_MINUTES: '0',
      LOG_LEVEL: 'warn',
      POLICY_PATH: './policies',
      LEDGER_ADMIN_KEY: 'the-administrators-key-of-a-test',
      LEDGER_PEPPER: KEY,
      LEDGER_MASTER_KEYS: `m2:${OTHER_KEY},m1:${KEY.replace('=', '')}`,
      LEDGER_LINK_KEYS: `k2:${KEY},k1:${KEY}`,
      SMTP_URL: 'smtps://user:password@mail.example.org:465',
      MAIL_FROM: 'news@example.org',
      MAIL_UNSUBSCRIBE: 'stop@example.org',
      MAIL_BOUNCES: 'bounces@example.org',
      INBOUND_SMTP_PORT: '2525',
      INBOUND_SMTP_HOST: '0.0.0.0',
      INBOUND_SMTP_CERT: '/etc/ledger/tls.crt',
      INBOUND_SMTP_KEY: '/etc/ledger/tls.key',
      INBOUND_SMTP_RATE: '5',
      DKIM_DOMAIN: 'example.org',
      DKIM_SELECTOR: '2027a',
      DKIM_KEY_PATH: '/etc/ledger/dkim.pem',
      MAIL_CONCURRENCY: '8',
      MAIL_RATE: '20',
      MAIL_ATTEMPTS: '3',
      MAIL_RETRY_SECONDS: '0.5',
      MAIL_LEASE_SECONDS: '30',
      TEMPLATES_DIR: './templates',
      BRANDING_PATH: './branding.yaml',
      PREFERENCE_HOURS: '48',
      VERDICT_CACHE_MIB: '0',
    };
    const numbers = {
      PORT: 0,
      VISITS_PER_MINUTE: 60,
      FORMS_PER_TEN_MINUTES: 5,
      FORMS_PER_MINUTE_IN_ALL: 90,
      GUESSES_PER_TEN_MINUTES: 0,
      MAIL_CONCURRENCY: 8,
      MAIL_RATE: 20,
      MAIL_ATTEMPTS: 3,
      MAIL_RETRY_SECONDS: 0.5,
      MAIL_LEASE_SECONDS: 30,
      INBOUND_SMTP_PORT: 2525,
      INBOUND_SMTP_RATE: 5,
      PREFERENCE_HOURS: 48,
      VERDICT_CACHE_MIB: 0,
    };
    expect({ ...readConfiguration({ ...environment, PATH: '/bin', HOME: '/root' }) }).toStrictEqual({
      ...environment,
      ...numbers,
      LEDGER_MASTER_KEY: undefined,
    });
  });

  it('takes one master key that has no name', () => {
    expect(readConfiguration({ LEDGER_MASTER_KEY: KEY }).LEDGER_MASTER_KEY).toBe(KEY);
  });

  it('takes an empty setting for one that is absent', () => {
    const empty = { PORT: '', PUBLIC_URL: '', SMTP_URL: '', MAIL_RETRY_SECONDS: '', LEDGER_PEPPER: '' };
    expect({ ...readConfiguration(empty) }).toStrictEqual({ ...readConfiguration({}) });
  });

  it('does not change once it is read', () => {
    const configuration = readConfiguration({});
    expect(Object.isFrozen(configuration)).toBe(true);
    expect(() => Object.assign(configuration, { PORT: 1 })).toThrow(TypeError);
  });

  it.each([
    ['PORT', 'http'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['EVENT_STORE_URL', 'http://localhost:2113'],
    ['KEY_VAULT_URL', 'mysql://vault.internal/keys'],
    ['KEY_VAULT_URL', 'postgres://vault.internal'],
    ['KEY_VAULT_URL', 'postgres:///keys'],
    ['KAFKA_BROKERS', 'kafka-1.internal'],
    ['KAFKA_BROKERS', 'kafka://kafka-1.internal:9092'],
    ['KAFKA_TLS', 'yes'],
    ['KAFKA_SASL_MECHANISM', 'none'],
    ['KAFKA_TOPIC_PREFIX', 'a b'],
    ['PUBLIC_URL', 'consent.example.org'],
    ['PUBLIC_URL', 'ftp://consent.example.org'],
    ['TRUSTED_PROXIES', 'proxy.example.org'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '::1/129'],
    ['TRUSTED_PROXIES', '10.0.0.1,,10.0.0.2'],
    ['TRUSTED_PROXIES', 'true'],
    ['VISITS_PER_MINUTE', '-1'],
    ['FORMS_PER_TEN_MINUTES', '0.5'],
    ['FORMS_PER_MINUTE_IN_ALL', '-1'],
    ['GUESSES_PER_TEN_MINUTES', 'many'],
    ['LOG_LEVEL', 'loud'],
    ['LEDGER_PEPPER', 'too short'],
    ['LEDGER_MASTER_KEY', `${KEY}AAAA`],
    ['LEDGER_MASTER_KEYS', KEY],
    ['LEDGER_MASTER_KEYS', `m1:${KEY},m1:${OTHER_KEY}`],
    ['LEDGER_MASTER_KEYS', `m1:${KEY},m2:${KEY}`],
    ['LEDGER_LINK_KEYS', KEY],
    ['LEDGER_LINK_KEYS', `k1:${KEY},`],
    ['SMTP_URL', 'https://mail.example.org'],
    ['MAIL_FROM', 'news'],
    ['MAIL_UNSUBSCRIBE', 'Stop <stop@example.org>'],
    ['MAIL_BOUNCES', 'a-local-part-too-long@example.org'],
    ['MAIL_BOUNCES', 'bounces+mine@example.org'],
    ['INBOUND_SMTP_PORT', '0'],
    ['INBOUND_SMTP_PORT', '2525'],
    ['INBOUND_SMTP_CERT', './tls.crt'],
    ['INBOUND_SMTP_KEY', './tls.key'],
    ['INBOUND_SMTP_RATE', '0'],
    ['MAIL_CONCURRENCY', '0'],
    ['MAIL_CONCURRENCY', '65'],
    ['MAIL_RATE', '-1'],
    ['MAIL_ATTEMPTS', '0'],
    ['MAIL_ATTEMPTS', '21'],
    ['MAIL_RETRY_SECONDS', '0'],
    ['MAIL_RETRY_SECONDS', 'soon'],
    ['MAIL_RETRY_SECONDS', 'Infinity'],
  ])('refuses %s=%s, and names it', (name, value) => {
    const faults = faultsOf({ [name]: value });
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) expect(fault).toContain(name);
  });

  it('does not take one master key beside several: which one wraps would be a guess', () => {
    const both = { LEDGER_MASTER_KEY: KEY, LEDGER_MASTER_KEYS: `m1:${KEY}` };
    expect(faultsOf(both)).toStrictEqual([expect.stringMatching(/^LEDGER_MASTER_KEY stands in LEDGER_MASTER_KEYS/)]);
  });

  it('names every fault at once, one a line, and repeats no secret', () => {
    const secret = 'a-secret-that-is-not-right';
    const environment = { PORT: 'http', LEDGER_PEPPER: secret, LEDGER_MASTER_KEY: secret, LEDGER_LINK_KEYS: secret };
    expect(() => readConfiguration(environment)).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION',
        message: expect.stringMatching(/^The configuration.*:\n {2}- /),
      }),
    );
    const text = faultsOf(environment).join('\n');
    for (const name of Object.keys(environment)) expect(text).toContain(name);
    expect(text).not.toContain(secret);
  });
});

describe('PUBLIC_URL', () => {
  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('may be absent while the service listens on %s', (HOST) => {
    expect(faultsOf({ HOST })).toStrictEqual([]);
  });

  it.each(['0.0.0.0', '::', '192.168.1.2', 'consent.example.org', '1127.0.0.1'])(
    'is needed when the service listens on %s: links in mails begin with it',
    (HOST) => {
      expect(faultsOf({ HOST })).toStrictEqual([expect.stringMatching(/^PUBLIC_URL is needed/)]);
      expect(faultsOf({ HOST, PUBLIC_URL: 'https://consent.example.org' })).toStrictEqual([]);
    },
  );

  it.each(['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:3000', 'https://consent.example.org:8443/a/b'])(
    'may be %s',
    (PUBLIC_URL) => {
      expect(faultsOf({ PUBLIC_URL })).toStrictEqual([]);
    },
  );

  it.each(['http://consent.example.org', 'http://localhost.example.org', 'http://192.168.1.2'])(
    'may not be %s: providers refuse one-click links over http (RFC 8058 §3.1)',
    (PUBLIC_URL) => {
      expect(faultsOf({ PUBLIC_URL })).toStrictEqual([expect.stringContaining('https://')]);
    },
  );

  it.each(['https://example.org/?a=b', 'https://example.org/#a', 'https://user:secret@example.org'])(
    'may not be %s: links are made by adding to it',
    (PUBLIC_URL) => {
      expect(faultsOf({ PUBLIC_URL })).toStrictEqual([expect.stringMatching(/^PUBLIC_URL/)]);
    },
  );
});

describe("the administrator's key", () => {
  const PUBLIC_URL = 'https://consent.example.org';
  it.each([{ PUBLIC_URL }, { HOST: '0.0.0.0', PUBLIC_URL }, { HOST: '0.0.0.0', PUBLIC_URL: 'http://localhost:3000' }])(
    'is long where others reach the service: %j',
    (reachable) => {
      const fault = expect.stringMatching(/^LEDGER_ADMIN_KEY must have at least 32 characters/);
      expect(faultsOf({ ...reachable, LEDGER_ADMIN_KEY: 'x'.repeat(31) })).toStrictEqual([fault]);
      expect(faultsOf({ ...reachable, LEDGER_ADMIN_KEY: 'x'.repeat(32) })).toStrictEqual([]);
    },
  );

  it.each([{}, { PUBLIC_URL: 'http://[::1]:3000' }])('may be short on a loopback address: %j', (local) => {
    expect(faultsOf({ ...local, LEDGER_ADMIN_KEY: 'ab' })).toStrictEqual([]);
  });
});
