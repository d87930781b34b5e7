import { openReadModels, PreferencesProjection, PreferencesView } from '@consent-ledger/projections';
import { NO_STREAM } from '@consent-ledger/event-store';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contactId, event, makeLedger, type LedgerFixture } from './ledger.fixture.js';

describe('rebuilding the read models', () => {
  let ledger: LedgerFixture;
  beforeEach(async () => {
    ledger = await makeLedger();
    await ledger.addContact(contactId(2));
    await ledger.addContact(contactId(3));
  });
  afterEach(() => ledger.remove());

  const contactsProjected = () => {
    const readModels = openReadModels(ledger.readModelsPath);
    new PreferencesProjection(readModels);
    const count = new PreferencesView(readModels).count();
    readModels.close();
    return count;
  };
  const tamper = (sql: string) => {
    const { db, close } = openReadModels(ledger.readModelsPath);
    db.exec(sql);
    close();
  };

  it('builds all of them from the log, also where there are none', async () => {
    const { code, stdout } = await ledger.run(['rebuild']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^read models: 4 events, [\d,]+ a second\n$/);
    expect(contactsProjected()).toBe(2);
  });

  it('builds one of them anew, and leaves the others', async () => {
    await ledger.run(['rebuild']);
    tamper("DELETE FROM preferences; INSERT INTO api_keys VALUES ('a', 'a', 'a', '[]', 'a', 0)");
    const { stdout } = await ledger.run(['rebuild', '--projection', 'preferences']);
    expect(stdout).toMatch(/^preferences: 4 events, [\d,]+ a second\n$/);
    expect(contactsProjected()).toBe(2);
    expect((await ledger.run(['verify'])).stdout).toMatch(/FAULT {2}api-keys/);
  });

  it('stops cleanly when asked to, and goes on from there', async () => {
    const purchases = Array.from({ length: 996 }, () => event('PurchaseMade', {}));
    await ledger.withStore((store) => store.append(`contact-${contactId(4)}`, NO_STREAM, purchases));
    const stop = new AbortController();
    const shown: string[] = [];
    const stderr = {
      isTTY: true,
      write(text: string) {
        shown.push(text);
        stop.abort();
      },
    };
    let now = 0;
    const clock = { now: () => (now += 1_000) };
    const stopped = await ledger.run(['rebuild'], { signal: stop.signal, stderr, clock });
    expect(stopped.code).toBe(1);
    expect(shown.at(-1)).toBe(
      'Stopped: read models at 25% of the log. "ledger rebuild --resume" goes on from there, and so does the service when it starts.\n',
    );
    expect(contactsProjected()).toBe(3);

    const { code, stdout } = await ledger.run(['rebuild', '--resume']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^read models: 750 events, /);
    expect((await ledger.run(['verify'])).code).toBe(0);
  });

  it('says that the service must be stopped first', async () => {
    const held = openReadModels(ledger.readModelsPath);
    expect(await ledger.run(['rebuild'])).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: 'The service runs, and keeps its read models to itself. Stop it, then rebuild.\n',
    });
    held.close();
  });

  it('names the event that a projection cannot handle, and why', async () => {
    await ledger.withStore((store) => store.append(`contact-${contactId(4)}`, NO_STREAM, [event('OptedSideways', {})]));
    const { code, stderr } = await ledger.run(['rebuild', '--projection', 'preferences']);
    expect({ code, stderr }).toStrictEqual({
      code: 1,
      stderr:
        'Projection "preferences" cannot handle the OptedSideways at position 4. The event at position 4 is of an unknown type.\n',
    });
  });
});
