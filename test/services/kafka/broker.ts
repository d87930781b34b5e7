import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, serveUntilAsked, type Service } from '../own-process.ts';

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const HEAP = '384m';
const LONGEST_START_MS = 60_000;
const LONGEST_STOP_MS = 15_000;

/** A running Apache Kafka broker: one node in KRaft mode, over a directory that outlives it. */
export interface Broker {
  /** As `KAFKA_BROKERS` takes it. */
  readonly brokers: string;
  /** Likewise, where TLS and a log-in are asked for; `undefined` where nothing was said of that. */
  readonly secureBrokers: string | undefined;
  /** Ends it as an operator does, or as a power cut does; resolves once it is gone. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface BrokerOptions {
  /** Where it keeps its log; one that was kept there before is taken up again. */
  readonly directory: string;
  /** Its port, to come back where clients look for it; a free one by default. */
  readonly port?: number;
  /** A second listener beside the plain one, which takes only TLS and a log-in. */
  readonly secure?: SecureListener;
}

/** Who may log in by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512, and by what the broker proves itself to be `localhost`. */
export interface SecureListener {
  readonly port?: number;
  /** The private key and the certificate, as PEM. */
  readonly key: string;
  readonly certificate: string;
  /** The password of each user. */
  readonly users: Readonly<Record<string, string>>;
  /** The users who may do anything; whoever comes by the plain listener may as well. Others may do what they are given. */
  readonly superUsers: readonly string[];
}

/** What a machine lacks to run a broker: `java` and `mvn`, or nothing. */
export function lackingForKafka(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return ['java', 'mvn'].filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
}

/** Starts a broker on 127.0.0.1 and resolves once it answers. Throws with what it said when it does not. */
export async function startBroker({ directory, port, secure }: BrokerOptions): Promise<Broker> {
  const jars = await brokerJars();
  const [own, controller] = [port ?? (await freePort()), await freePort()];
  const securePort = secure && (secure.port ?? (await freePort()));
  const properties = join(directory, 'server.properties');
  const log = join(directory, 'broker.log');
  await mkdir(directory, { recursive: true });
  const keyStore = join(directory, 'key-store.pem');
  const plain = plainSettings(own, controller, join(directory, 'data'));
  await writeFile(
    properties,
    textOf({ ...plain, ...(secure && secureSettings(plain, secure, securePort!, keyStore)) }),
  );
  if (secure) await writeFile(keyStore, secure.key + secure.certificate, { mode: 0o600 });
  const users = scramUsers(secure?.users ?? {});
  const format = java(
    jars,
    ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-g', '-c', properties, ...users],
    log,
  );
  await once(format, 'exit');
  if (format.exitCode !== 0) throw new Error(`Kafka could not format its storage:\n${await readFile(log, 'utf8')}`);
  const broker = java(jars, ['kafka.Kafka', properties], log);
  const mark = await markOf(broker);
  await listening(broker, own, log);
  return {
    brokers: `127.0.0.1:${own}`,
    secureBrokers: securePort === undefined ? undefined : `localhost:${securePort}`,
    async end(signal = 'SIGTERM') {
      await end(broker, signal);
      if (mark) await rm(mark, { force: true });
    },
  };
}

type Settings = Readonly<Record<string, string | number | boolean>>;

const clusterId = Buffer.from('consent-ledger-1').toString('base64url');

/** One node that is all its own quorum, small enough to stand beside what it is used by. */
function plainSettings(port: number, controller: number, directory: string): Settings {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': directory,
    // One that was cut off may come back at once.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 3,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    'num.partitions': 3,
    'num.io.threads': 4,
    'num.network.threads': 2,
    'background.threads': 2,
  };
}

/** What a broker also is told that has a listener with TLS and a log-in; who logs in may do what the lists of access say. */
function secureSettings(
  { listeners }: Settings,
  { users, superUsers }: SecureListener,
  port: number,
  keyStore: string,
): Settings {
  const passwords = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  const listener = 'listener.name.sasl_ssl';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    listeners: `${listeners},SASL_SSL://127.0.0.1:${port}`,
    // Certificates are for names: clients are to come back by the name that stands in it.
    'advertised.listeners': `${String(listeners).split(',')[0]},SASL_SSL://localhost:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`${listener}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required ${passwords.join(' ')};`,
    [`${listener}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${listener}.scram-sha-512.sasl.jaas.config`]: scram,
    [`${listener}.ssl.keystore.type`]: 'PEM',
    [`${listener}.ssl.keystore.location`]: keyStore,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': ['ANONYMOUS', ...superUsers].map((name) => `User:${name}`).join(';'),
  };
}

/** Their passwords are kept in the storage of the cluster, so they are given when that is made. */
function scramUsers(users: Readonly<Record<string, string>>): string[] {
  const mechanisms = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
  return Object.entries(users).flatMap(([name, password]) =>
    mechanisms.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]),
  );
}

function textOf(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function java(jars: string, args: readonly string[], log: string): ChildProcess {
  const output = openSync(log, 'a');
  const memory = [`-Xmx${HEAP}`, '-Xms64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const logging = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  const child = spawn('java', [...memory, logging, '-cp', join(jars, '*'), ...args], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return child;
}

/** By this the end of the test run finds a broker whose spec was cut off; `undefined` outside of one. */
async function markOf(broker: ChildProcess): Promise<string | undefined> {
  const run = process.env['TEST_RUN_DIR'];
  if (run === undefined) return undefined;
  const mark = join(run, `kafka-${broker.pid}.pid`);
  await writeFile(mark, String(broker.pid));
  return mark;
}

async function listening(broker: ChildProcess, port: number, log: string): Promise<void> {
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await answers(port))) {
    if (broker.exitCode === null && broker.signalCode === null && Date.now() < deadline) {
      await delay(50);
      continue;
    }
    await end(broker, 'SIGKILL');
    throw new Error(`Kafka did not start:\n${await readFile(log, 'utf8')}`);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function end(broker: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (broker.exitCode !== null || broker.signalCode !== null) return;
  const ended = once(broker, 'exit');
  broker.kill(signal);
  const impatience = setTimeout(() => broker.kill('SIGKILL'), LONGEST_STOP_MS);
  await ended;
  clearTimeout(impatience);
}

/** The folder of the broker and all that it needs, from Maven's repository the first time and from a cache from then on. */
async function brokerJars(): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(POM))
    .digest('hex')
    .slice(0, 12);
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'consent-ledger');
  const jars = join(cache, `kafka-${version}`);
  if (existsSync(jars)) return jars;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'kafka-'));
  const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fresh}`];
  const { status, stdout } = spawnSync('mvn', ['-B', '-q', '-f', POM, ...copy], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Maven could not bring Kafka:\n${stdout}`);
  // Whole at once, or not at all: two that come at the same time each bring it, and one of them stays.
  await rename(fresh, jars).catch(() => rm(fresh, { recursive: true, force: true }));
  return jars;
}

async function serve(directory: string): Promise<Service> {
  const { brokers, end } = await startBroker({ directory });
  return { told: brokers, shown: `KAFKA_BROKERS=${brokers}`, end };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Only brings what it needs, so that no spec waits for a download.
  if (process.argv[2] === '--prepare') await brokerJars();
  else await serveUntilAsked('kafka', serve, process.argv.slice(2));
}
