import { describe, expect, it } from '@jest/globals';
import { createLogger, silentLogger, type LogFields, type Logger } from './logger.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJjIjoiYWJjIn0.q8-w_abc';

/** What a logger writes, line by line. */
function logged(write: (logger: Logger) => void, level = 'debug'): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger(level, { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function line(message: string, fields?: LogFields): Record<string, unknown> {
  const [only] = logged((logger) => logger.info(message, fields));
  return only!;
}

describe('a log line', () => {
  it('is one JSON object with its time, its message and the fields that are allowed', () => {
    const { time, ...rest } = line('Answered', { method: 'GET', route: '/v1/policies', status: 200, milliseconds: 3 });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(rest).toStrictEqual({
      level: 30,
      msg: 'Answered',
      method: 'GET',
      route: '/v1/policies',
      status: 200,
      milliseconds: 3,
    });
  });

  it('holds no field that is not on the list', () => {
    const fields = { status: 200, address: 'anna@example.org', ip: '192.0.2.1', body: { name: 'Anna' } } as LogFields;
    expect(Object.keys(line('Answered', fields)).sort()).toStrictEqual(['level', 'msg', 'status', 'time']);
  });

  it('leaves out what is undefined', () => {
    expect(line('Answered', { status: undefined, code: 'X' })).not.toHaveProperty('status');
  });

  it('is written at its level and above only', () => {
    const write = (logger: Logger) => {
      logger.debug('debug');
      logger.info('info');
      logger.warn('warn');
      logger.error('error');
    };
    expect(logged(write).map(({ msg }) => msg)).toStrictEqual(['debug', 'info', 'warn', 'error']);
    expect(logged(write, 'warn').map(({ msg }) => msg)).toStrictEqual(['warn', 'error']);
    expect(logged(write, 'silent')).toStrictEqual([]);
  });

  it('is not written by the silent logger', () => {
    expect(() => silentLogger.error('nobody hears')).not.toThrow();
  });
});

describe('what a log line never holds', () => {
  const personal = [
    'anna@example.org',
    'Anna.de-Vries+news@Sub.Example.co.uk',
    "o'brien@example.org",
    'ánna@exämple.org',
    'anna%40example.org',
    'anna@localhost',
    '"anna de vries"@example.org',
  ];

  it.each(personal)('%s in a message', (address) => {
    for (const text of [
      address,
      `<${address}>`,
      `to ${address}, again`,
      `/contacts/${address}?x=1`,
      `mailto:${address}`,
    ])
      expect(JSON.stringify(line(text))).not.toMatch(/anna|ánna|vries|brien|ex[aä]mple/i);
  });

  it.each(personal)('%s in a field', (address) => {
    expect(JSON.stringify(line('m', { route: `/c/${address}`, code: address }))).not.toMatch(/anna|ánna|vries|brien/i);
  });

  it.each(personal)('%s in an error, its name, its code or its stack', (address) => {
    const error = Object.assign(new Error(`550 <${address}> unknown`), { code: address, name: `Error of ${address}` });
    const { error: described } = line('Failed', { error });
    expect(JSON.stringify(described)).not.toMatch(/anna|ánna|vries|brien/i);
    expect(described).toMatchObject({ message: expect.stringContaining('550') });
  });

  it('a signed link or an API key, wherever it stands', () => {
    const key = `clk_${'aB3_'.repeat(10)}xyz`;
    const error = new Error(`no such link: ${TOKEN}, ${key}`);
    const text = JSON.stringify(line(`GET /u/${TOKEN} by Bearer ${key}`, { route: `/u/${TOKEN}`, code: key, error }));
    expect(text).not.toContain('eyJ');
    expect(text).not.toContain('aB3_');
    expect(text).toContain('[token]');
  });

  it('the properties of an error beside its name, code, message and stack', () => {
    const error = Object.assign(new TypeError('broken'), { code: 'E_BROKEN', address: 'Grotestraat 1', cause: 'Anna' });
    const { error: described } = line('Failed', { error });
    expect(described).toStrictEqual({
      name: 'TypeError',
      code: 'E_BROKEN',
      message: 'broken',
      stack: expect.stringContaining('TypeError: broken'),
    });
  });

  it('something thrown that is no error', () => {
    expect(line('Failed', { error: { address: 'Grotestraat 1' } })['error']).toStrictEqual({
      message: 'something that is not an Error was thrown',
    });
    expect(line('Failed', { error: 'anna' })).not.toMatchObject({ error: 'anna' });
  });
});

describe('what a log line keeps', () => {
  it.each(['the disk is full', 'queue 1 of 2', 'ECONNREFUSED 127.0.0.1:25', 'policy dnp-giftcard@1', '100% @ noon'])(
    '%s',
    (text) => {
      expect(line(text)['msg']).toBe(text);
    },
  );
});
