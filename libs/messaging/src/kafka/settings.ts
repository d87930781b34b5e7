import kafkajs, { type KafkaConfig, type ProducerConfig, type RetryOptions, type SASLOptions } from 'kafkajs';

/** How to reach the cluster. */
export interface KafkaSettings {
  /** `host:port` of some of its brokers; the rest are found through them. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  /** TLS with the machine's authorities, or with this one (PEM). */
  readonly tls?: true | { readonly ca: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

/** Milliseconds that a broker may take over a request before it counts as away. */
const REQUEST_TIMEOUT = 10_000;
/** Few and quick: who asks tries again by itself, and is told meanwhile. */
const retry: RetryOptions = { retries: 6, initialRetryTime: 10, maxRetryTime: 1_000 };

/** What kafkajs is told. It writes no log: what fails is told by who asked, once, without names of hosts. */
export function clientConfiguration({ brokers, clientId = 'consent-ledger', tls, sasl }: KafkaSettings): KafkaConfig {
  return {
    clientId,
    brokers: [...brokers],
    requestTimeout: REQUEST_TIMEOUT,
    connectionTimeout: 3_000,
    retry,
    logLevel: kafkajs.logLevel.NOTHING,
    ...(tls && { ssl: tls === true ? true : { ca: [tls.ca] } }),
    ...(sasl && { sasl: { ...sasl } as SASLOptions }),
  };
}

/** A producer that writes nothing twice within its session and keeps the order of what it is given. */
export const producerConfiguration: ProducerConfig = {
  idempotent: true,
  maxInFlightRequests: 1,
  createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  allowAutoTopicCreation: false,
  retry,
};

/** Milliseconds after which the broker gives up on a transaction whose process died. */
export const TRANSACTION_TIMEOUT = 30_000;

/** A consumer whose process died is missed after ten seconds; one that stops says so and is gone at once. */
export const consumerConfiguration = {
  sessionTimeout: 10_000,
  heartbeatInterval: 1_000,
  rebalanceTimeout: 20_000,
  maxWaitTimeInMs: 250,
  allowAutoTopicCreation: false,
  // It is begun anew by who runs it, with its own patience.
  retry: { ...retry, restartOnFailure: () => Promise.resolve(false) },
} as const;
