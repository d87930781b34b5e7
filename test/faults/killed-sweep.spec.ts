import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { eventually } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(180_000);

const CONTACTS = 60;
/** The log is looked at for this many events before each kill: in the middle of what falls due. */
const KILLS_AT = [25, 80, 130];
const YEAR = 365.25 * 86_400_000;
/** Longer ago than three years, the window and the two years of the proof, so that a whole life falls due at once. */
const LONG_AGO = Date.now() - 6 * YEAR;

afterEach(cleanUp);

const addressOf = (number: number) => `sweep${number}@example.nl`;

function optIn(service: BuiltService, number: number) {
  return service.post('/v1/opt-ins', {
    address: addressOf(number),
    purposes: ['newsletter'],
    occurredAt: new Date(LONG_AGO + number * 1000).toISOString(),
    statement: { id: 'signup-form', version: 1, language: 'nl' },
    source: { kind: 'web-form' },
  });
}

function countEvents(directory: string): number {
  const db = new Database(join(directory, 'log.sqlite'), { readonly: true });
  const count = db.prepare<[], number>("SELECT count(*) FROM events WHERE stream_id LIKE 'contact-%'").pluck().get()!;
  db.close();
  return count;
}

describe('a service that is killed while it records what fell due', () => {
  it('records each prompt, reminder, lapse and erasure once, and destroys every key (P5, P7)', async () => {
    const directory = await newDirectory();
    const contactIds = new Map<number, string>();
    for (const killAt of KILLS_AT) {
      const service = await startBuilt(directory);
      const writer = async (number: number) => {
        const reply = await optIn(service, number).catch(() => undefined);
        if (reply) contactIds.set(number, reply.body.contactId);
      };
      const missing = Array.from({ length: CONTACTS }, (_, number) => number).filter((one) => !contactIds.has(one));
      const writing = Promise.all(missing.slice(0, CONTACTS / 2).map(writer));
      await eventually(() => expect(countEvents(directory)).toBeGreaterThanOrEqual(killAt), 60);
      await service.end('SIGKILL');
      await writing;
    }

    const service = await startBuilt(directory);
    for (let number = 0; number < CONTACTS; number++)
      if (!contactIds.has(number)) contactIds.set(number, (await optIn(service, number)).body.contactId);
    for (const contactId of contactIds.values())
      await eventually(async () => {
        const { events } = (await service.get(`/v1/contacts/${contactId}/history`)).body;
        expect(events.map(({ type }: { type: string }) => type)).toStrictEqual([
          'OptedIn',
          'ReconsentPrompted',
          'ReconsentReminded',
          'ConsentLapsed',
          'PersonalDataErased',
        ]);
      }, 60);
    await service.end('SIGTERM');

    const vault = new Database(join(directory, 'vault.sqlite'), { readonly: true });
    expect(vault.prepare<[], number>('SELECT count(*) FROM data_keys').pluck().get()).toBe(0);
    vault.close();
  });
});
