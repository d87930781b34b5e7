import { pino, type DestinationStream, type Logger as Pino } from 'pino';

const loggable = [
  'app',
  'method',
  'route',
  'status',
  'milliseconds',
  'correlationId',
  'keyId',
  'scope',
  'code',
  'projection',
  'position',
  'count',
  'type',
  'mailingId',
  'deliveryId',
  'policy',
  'port',
  'template',
] as const;

/** Everything that a log line may hold beside its message. What is not named here does not reach the log. */
export type LogFields = { readonly [name in (typeof loggable)[number]]?: string | number | undefined } & {
  readonly error?: unknown;
};

/** A structured log that holds no personal data: fields by allow-list, and no address in any text. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A logger that writes one JSON object a line. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const log = destination ? pino(options, destination) : pino(options);
  return {
    debug: (message, fields) => write(log, 'debug', message, fields),
    info: (message, fields) => write(log, 'info', message, fields),
    warn: (message, fields) => write(log, 'warn', message, fields),
    error: (message, fields) => write(log, 'error', message, fields),
  };
}

/** A logger that writes nothing. */
export const silentLogger: Logger = createLogger('silent');

function write(log: Pino, level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields = {}) {
  if (!log.isLevelEnabled(level)) return;
  log[level](allowedFields(fields), withoutAddresses(message));
}

function allowedFields(fields: LogFields): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const name of loggable) {
    const value = fields[name];
    if (value !== undefined) kept[name] = typeof value === 'string' ? withoutAddresses(value) : value;
  }
  return fields.error === undefined ? kept : { ...kept, error: describeError(fields.error) };
}

/** Name, code, message and stack, with anything that looks like an address taken out. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: 'something that is not an Error was thrown' };
  const { name, message, stack } = error;
  const code = 'code' in error ? { code: withoutAddresses(String(error.code)) } : {};
  return {
    name: withoutAddresses(name),
    ...code,
    message: withoutAddresses(message),
    stack: stack && withoutAddresses(stack),
  };
}

/** Also with a quoted local part, and as a URL writes it; `policy@1` is none, because no domain is a number. */
const ADDRESS = /(?:"[^"]*"|[^\s<>"'()[\]{},;:@]+)(?:@|%40)(?!\d+(?![\w.-]))[^\s<>"'()[\]{},;:@]+/giu;
const TOKEN = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const API_KEY = /\bclk_[\w-]{16,}/g;

/** The text with all that looks like an address, a token or an API key taken out. */
export function withoutAddresses(text: string): string {
  return text.replace(ADDRESS, '[address]').replace(TOKEN, '[token]').replace(API_KEY, '[key]');
}
