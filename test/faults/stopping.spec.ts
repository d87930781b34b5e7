import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ADMIN_KEY, eventually } from '../support/service.js';
import { createGate, startMailServer, type MailServer } from '../mail/mail-server.js';
import { completed, optIn, startMailing } from '../mail/steps.js';
import { cleanUp, newDirectory, startBuilt } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(120_000);

let server: MailServer;
beforeEach(async () => {
  server = await startMailServer();
});
afterEach(async () => {
  await cleanUp();
  await server.close();
});

/** A batch of addresses whose body is written piece by piece; `answer` resolves with the lines of the whole answer. */
function openBatch(url: string) {
  const request = httpRequest(`${url}/v1/eligibility/batch?purpose=newsletter`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${ADMIN_KEY}`, 'Content-Type': 'application/x-ndjson' },
  });
  let text = '';
  const answer = new Promise<{ status: number | undefined; lines: unknown[] }>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => {
        const lines = text.split('\n').filter((line) => line !== '');
        resolve({ status: response.statusCode, lines: lines.map((line) => JSON.parse(line)) });
      });
    });
  });
  return {
    answer,
    answered: () => text.length,
    write: (addresses: readonly string[]) =>
      request.write(addresses.map((address) => `${JSON.stringify(address)}\n`).join('')),
    end: () => request.end(),
  };
}

describe('SIGTERM', () => {
  it('lets the requests and messages in hand finish, records them, ends with 0 and leaves nothing behind', async () => {
    const environment = { SMTP_URL: server.url, MAIL_CONCURRENCY: '1' };
    const service = await startBuilt(await newDirectory(), environment);
    const gate = createGate();
    server.behave({ message: () => gate.opened });
    for (const name of ['een', 'twee']) await optIn(service, `${name}@example.nl`);
    const recipients = ['een', 'twee'].map((name) => ({ address: `${name}@example.nl` }));
    await startMailing(service, { id: 'spring', recipients });
    await eventually(() => expect(server.busiest).toBe(1));

    const batch = openBatch(service.url);
    batch.write(Array(2_000).fill('een@example.nl'));
    await eventually(() => expect(batch.answered()).toBeGreaterThan(0));
    const ended = service.end('SIGTERM');
    batch.write(Array(2_000).fill('een@example.nl'));
    batch.end();
    const { status, lines } = await batch.answer;
    expect([status, lines.length]).toStrictEqual([200, 4_000]);
    gate.open();

    const { code, errors } = await ended;
    expect([code, errors]).toStrictEqual([0, '']);
    // Log and vault are not here when they are on servers; but nothing else is, on either profile.
    const engines = (await readdir(service.directory)).filter((name) => /^(log|vault)\b/.test(name));
    expect([[], ['log.sqlite', 'vault.sqlite']]).toContainEqual(engines.sort());
    expect((await readdir(service.directory)).filter((name) => !engines.includes(name)).sort()).toStrictEqual([
      'mailer-name',
      'read-models.sqlite',
      'secrets.json',
    ]);
    await expect(fetch(service.url)).rejects.toThrow();

    const again = await startBuilt(service.directory, environment);
    expect(await completed(again, 'spring')).toMatchObject({ sent: 2, unknown: 0 });
    expect(server.taken).toHaveLength(2);
  });

  it('ends an idle service at once', async () => {
    const service = await startBuilt(await newDirectory());
    await (await fetch(`${service.url}/health/live`)).text();
    expect(await service.end('SIGTERM')).toMatchObject({ code: 0, errors: '' });
  });
});
