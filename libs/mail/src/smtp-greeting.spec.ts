import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { greetMailServer, SmtpGreetingFailed } from './smtp-greeting.js';

const servers: SMTPServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(resolve));
});

/** The host and port of a server that knows one user. */
async function serverAt(options: SMTPServerOptions = {}): Promise<string> {
  const server = new SMTPServer({
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'ledger' && password === 'p@ss'
        ? done(null, { user: username })
        : done(new Error('No such user: ledger')),
    ...options,
  });
  server.on('error', () => undefined);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return `127.0.0.1:${(server.server.address() as AddressInfo).port}`;
}

/** The library's own certificate, which nobody vouches for. */
const unknownCertificate = '?tls.rejectUnauthorized=false';

async function failureOf(url: string): Promise<unknown> {
  const error: unknown = await greetMailServer(url).catch((error: unknown) => error);
  if (!(error instanceof SmtpGreetingFailed)) return error;
  return [error.at, error.reason];
}

describe('Greeting a mail server', () => {
  it('tells what it offers', async () => {
    const host = await serverAt({ disabledCommands: ['STARTTLS'] });
    const greeting = await greetMailServer(`smtp://${host}`);
    expect(greeting).toMatchObject({ isEncrypted: false, isLoggedIn: false });
    expect(greeting.extensions).toEqual(expect.arrayContaining(['PIPELINING', 'SMTPUTF8', 'AUTH']));
  });

  it('encrypts where that is offered, and logs in', async () => {
    const host = await serverAt();
    expect(await greetMailServer(`smtp://ledger:p%40ss@${host}/${unknownCertificate}`)).toMatchObject({
      isEncrypted: true,
      isLoggedIn: true,
    });
  });

  it('says at what it failed, without the words of the server', async () => {
    const host = await serverAt();
    expect(await failureOf(`smtp://${host}`)).toStrictEqual(['connection', 'CERT_HAS_EXPIRED']);
    expect(await failureOf(`smtp://ledger:wrong@${host}/${unknownCertificate}`)).toStrictEqual(['log-in', '535']);
    const plain = await serverAt({ disabledCommands: ['STARTTLS'] });
    expect(await failureOf(`smtp://${plain}?requireTLS=true`)).toStrictEqual(['connection', expect.any(String)]);
    await new Promise<void>((resolve) => servers.pop()!.close(resolve));
    expect(await failureOf(`smtp://${plain}`)).toStrictEqual(['connection', 'ECONNREFUSED']);
    expect(await failureOf('https://mail.example.org')).toBeInstanceOf(RangeError);
  });
});
