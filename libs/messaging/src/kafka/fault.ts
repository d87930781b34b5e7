import type { BrokerRefusal, BrokerState } from '../message-broker.js';

/** What a failure says of the broker: that it is not reached, or by what code it refuses. */
export type BrokerFault = { readonly state: BrokerState } | Pick<BrokerRefusal, 'code'>;

const LOGIN_ERRORS: ReadonlySet<unknown> = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
]);
const CERTIFICATE_ERROR = /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;
const HANG_UPS: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPROTO', 'EPIPE']);

/** What happens whenever members of a group come and go, or another process takes a turn over. */
const IN_THE_COURSE_OF_THINGS: ReadonlySet<unknown> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'ILLEGAL_GENERATION',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
]);

/** An error of kafkajs, as far as it is told apart here. */
interface KafkaError {
  readonly name: string;
  /** The protocol's name of what the broker answered. */
  readonly type?: unknown;
  /** What the socket or TLS says. */
  readonly code?: unknown;
  readonly retriable?: boolean;
}

/** What an error of kafkajs says of the broker; `undefined` where that is nothing. */
export function faultOf(error: unknown): BrokerFault | undefined {
  const errors = causesOf(error);
  if (errors.some(isLoginError)) return { state: 'login-refused' };
  if (errors.some(({ code }) => typeof code === 'string' && CERTIFICATE_ERROR.test(code)))
    return { state: 'certificate-refused' };
  const answered = errors.find(({ type }) => typeof type === 'string');
  if (answered) return faultOfAnswer(answered);
  if (errors.some(({ name, code }) => name === 'KafkaJSConnectionClosedError' || HANG_UPS.has(code)))
    return { state: 'hangs-up' };
  return errors.some(({ name }) => name.startsWith('KafkaJS')) ? { state: 'away' } : undefined;
}

/** kafkajs says no more when a cluster does not permit a group or a transactional id, and when no broker answers. */
export function isCoordinatorMissing(error: unknown): boolean {
  return causesOf(error).some(({ name }) => name === 'KafkaJSGroupCoordinatorNotFound');
}

function isLoginError({ name, type }: KafkaError): boolean {
  return name === 'KafkaJSSASLAuthenticationError' || LOGIN_ERRORS.has(type);
}

/** What passes when brokers have sorted things out is no refusal; a topic that is not there may stay away for ever. */
function faultOfAnswer({ type, retriable }: KafkaError): BrokerFault | undefined {
  if (IN_THE_COURSE_OF_THINGS.has(type)) return undefined;
  return retriable === true && type !== 'UNKNOWN_TOPIC_OR_PARTITION' ? { state: 'away' } : { code: type as string };
}

/** The error and all that it came of. */
function causesOf(error: unknown): KafkaError[] {
  if (!(error instanceof Error)) return [];
  const { errors = [] } = error as { errors?: readonly unknown[] };
  return [error, ...causesOf(error.cause), ...errors.flatMap(causesOf)];
}
