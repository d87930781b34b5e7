import { describe, expect, it } from '@jest/globals';
import { kafkaFaults } from './kafka-settings.js';

const KAFKA_BROKERS = 'localhost:9092';
const login = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'ledger', KAFKA_PASSWORD: 'secret' };

describe('the settings of Kafka', () => {
  it('are taken where they go together', () => {
    expect(kafkaFaults({ KAFKA_TLS: 'off' })).toStrictEqual([]);
    expect(kafkaFaults({ KAFKA_BROKERS, KAFKA_TLS: 'on', KAFKA_CA_PATH: '/ca.pem', ...login })).toStrictEqual([]);
  });

  it.each([
    ['a user without a password', { KAFKA_BROKERS, KAFKA_USERNAME: 'ledger' }],
    ['an authority without TLS', { KAFKA_BROKERS, KAFKA_CA_PATH: '/ca.pem' }],
    ['a log-in without brokers', login],
  ])('refuse %s, and show no password', (_, settings) => {
    const faults = kafkaFaults({ KAFKA_TLS: 'off', ...settings });
    expect(faults).toHaveLength(1);
    expect(faults.join()).not.toContain('secret');
  });
});
