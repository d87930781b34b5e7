/** The settings that are read here, as they stand in the environment. */
export interface KafkaEnvironment {
  readonly KAFKA_BROKERS?: string;
  readonly KAFKA_TLS: string;
  readonly KAFKA_CA_PATH?: string;
  readonly KAFKA_SASL_MECHANISM?: string;
  readonly KAFKA_USERNAME?: string;
  readonly KAFKA_PASSWORD?: string;
}

/** What is wrong with the settings of Kafka together, in words. */
export function kafkaFaults(settings: KafkaEnvironment): string[] {
  const { KAFKA_BROKERS, KAFKA_TLS, KAFKA_CA_PATH, KAFKA_SASL_MECHANISM, KAFKA_USERNAME, KAFKA_PASSWORD } = settings;
  const login = [KAFKA_SASL_MECHANISM, KAFKA_USERNAME, KAFKA_PASSWORD];
  const faults: string[] = [];
  if (login.some((part) => part !== undefined) && !login.every((part) => part !== undefined))
    faults.push('KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD go together: a log-in needs all three');
  if (KAFKA_CA_PATH !== undefined && KAFKA_TLS === 'off')
    faults.push('KAFKA_CA_PATH needs KAFKA_TLS=on: without TLS no certificate is looked at');
  if (KAFKA_BROKERS === undefined && (KAFKA_TLS === 'on' || login.some((part) => part !== undefined)))
    faults.push('KAFKA_BROKERS is needed where other settings of Kafka are given: without it Kafka is not used');
  return faults;
}
