import { START, type EventStore } from '@consent-ledger/event-store';
import { dataFiles, readConfiguration, readSecrets } from '@consent-ledger/platform';
import { openKeyVault } from '@consent-ledger/privacy';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { enginesOf, openLogOf } from '../support/engines.js';
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

async function countEvents(log: EventStore): Promise<number> {
  const events = await log.readAll(START, 10_000);
  return events.filter(({ streamId }) => streamId.startsWith('contact-')).length;
}

/** How many keys the vault of a service that has stopped holds. */
async function countKeys(directory: string): Promise<number> {
  const { environment } = await enginesOf(directory);
  const { masterKeys } = readSecrets(readConfiguration({ DATA_DIR: directory, ...environment }));
  const place = { path: dataFiles(directory).vault, url: environment['KEY_VAULT_URL'], masterKeys };
  const { vault } = await openKeyVault(place);
  const inUse = await vault.masterKeysInUse();
  await vault.close();
  return inUse.reduce((count, { keys }) => count + keys, 0);
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
      const log = await openLogOf(directory);
      await eventually(async () => expect(await countEvents(log)).toBeGreaterThanOrEqual(killAt), 60);
      await service.end('SIGKILL');
      await writing;
      await log.close();
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
    expect(await countKeys(directory)).toBe(0);
  });
});
