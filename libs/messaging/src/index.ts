export * from './contracts/cloud-event.js';
export * from './contracts/consent-event.js';
export * from './contracts/preferences-message.js';
export * from './contracts/topics.js';
export { openKafkaBroker, type KafkaBrokerOptions } from './kafka/kafka-broker.js';
export type { KafkaSettings } from './kafka/settings.js';
export * from './message-broker.js';
export { Relay, type KnownContacts, type RelayOptions, type RelayRole } from './relay/relay.js';
export * from './topic-settings.js';
