import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { openReadModels, PreferencesProjection, PreferencesView } from '@consent-ledger/projections';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contactId, makeLedger, type LedgerFixture } from './ledger.fixture.js';

const RESTORED = 'The service starts from it, and handles what came since before it answers.\n';
const FROM_THE_LOG = 'Nothing was put in place; without it the service builds its read models from the log.\n';

describe('a snapshot of the read models', () => {
  let ledger: LedgerFixture;
  let snapshot: string;
  beforeEach(async () => {
    ledger = await makeLedger();
    snapshot = join(ledger.directory, 'snapshot.gz');
    await ledger.addContact(contactId(2));
    await ledger.addContact(contactId(3));
  });
  afterEach(() => ledger.remove());

  const restore = () => ledger.run(['snapshot', snapshot, '--restore']);
  const inReadModels = <T>(work: (readModels: ReturnType<typeof openReadModels>) => T): T => {
    const readModels = openReadModels(ledger.readModelsPath);
    try {
      return work(readModels);
    } finally {
      readModels.close();
    }
  };
  const contactsKnown = () =>
    inReadModels((readModels) => {
      new PreferencesProjection(readModels);
      return new PreferencesView(readModels).count();
    });
  /** A copy of the snapshot whose file of read models is another. */
  const repack = (change: (file: string) => void) => {
    const file = join(ledger.directory, 'unpacked.sqlite');
    writeFileSync(file, gunzipSync(readFileSync(snapshot)));
    change(file);
    writeFileSync(snapshot, gzipSync(readFileSync(file)));
  };

  it('holds what the log says, is for its owner alone, and leaves nothing beside it', async () => {
    expect(await ledger.run(['snapshot', snapshot])).toStrictEqual({
      code: 0,
      stdout: `4 events were handled for ${snapshot}\n`,
      stderr: '',
    });
    expect(statSync(snapshot).mode & 0o777).toBe(0o600);
    expect(readdirSync(ledger.directory).filter((name) => name.startsWith('snapshot'))).toStrictEqual(['snapshot.gz']);

    expect(await restore()).toStrictEqual({ code: 0, stdout: RESTORED, stderr: '' });
    expect(contactsKnown()).toBe(2);
    expect((await ledger.run(['verify'])).stdout).toMatch(/ok +preferences +is what the log says\n/);
  });

  it('is made beside a service that runs, and handles only what came since when it is made again', async () => {
    await ledger.run(['rebuild']);
    const service = openReadModels(ledger.readModelsPath);
    expect((await ledger.run(['snapshot', snapshot])).stdout).toMatch(/^4 events/);
    await ledger.addContact(contactId(4));
    expect((await ledger.run(['snapshot', snapshot])).stdout).toMatch(/^2 events/);
    expect((await ledger.run(['snapshot', snapshot])).stdout).toMatch(/^0 events/);
    expect(await restore()).toMatchObject({
      code: 1,
      stderr: 'A service runs on this DATA_DIR. Stop it, then put the snapshot in place.\n',
    });
    service.close();
    await restore();
    expect(contactsKnown()).toBe(3);
  });

  it('may be older than the log: the events since are handled by whoever starts from it', async () => {
    await ledger.run(['snapshot', snapshot]);
    await ledger.addContact(contactId(4));
    await ledger.run(['rebuild']);
    expect(contactsKnown()).toBe(3);
    expect(await restore()).toMatchObject({ code: 0 });
    expect(contactsKnown()).toBe(2);
    expect((await ledger.run(['verify'])).stdout).toMatch(/ok +preferences +is what the log says, 2 events behind/);
  });

  it.each<[string, (whole: Buffer) => Buffer]>([
    ['cut short', (whole) => whole.subarray(0, whole.length - 100)],
    [
      'of another byte somewhere',
      (whole) => Buffer.concat([whole.subarray(0, 600), Buffer.from([whole[600]! ^ 1]), whole.subarray(601)]),
    ],
    ['empty', () => Buffer.alloc(0)],
    ['another kind of file', () => Buffer.from('not a snapshot')],
    ['no file of read models', () => gzipSync(Buffer.alloc(20_000, 'x'))],
    [
      'of broken pages',
      (whole) => {
        const pages = gunzipSync(whole);
        return gzipSync(pages.fill(0xff, 8192, 16_384));
      },
    ],
  ])('is not trusted when it is %s, and not taken up by the next one', async (_, damage) => {
    await ledger.run(['snapshot', snapshot]);
    const damaged = damage(readFileSync(snapshot));
    writeFileSync(snapshot, damaged);

    expect(await restore()).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: `The snapshot is damaged, or is none. ${FROM_THE_LOG}`,
    });
    expect(readdirSync(ledger.directory).filter((name) => name.startsWith('read-models'))).toStrictEqual([]);
    const again = await ledger.run(['snapshot', snapshot]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^4 events/) });
    expect(await restore()).toMatchObject({ code: 0 });
    expect((await ledger.run(['verify'])).stdout).toMatch(/ok +preferences +is what the log says\n/);
  });

  it('is not trusted when it is of another log that reaches as far, and is then made from the start', async () => {
    const other = await makeLedger();
    await other.addContact(contactId(5));
    await other.addContact(contactId(6));
    await other.run(['snapshot', snapshot]);
    other.remove();

    expect(await restore()).toMatchObject({ code: 1, stderr: `The snapshot is of another log. ${FROM_THE_LOG}` });
    expect((await ledger.run(['snapshot', snapshot])).stdout).toMatch(/^4 events/);
    expect(await restore()).toMatchObject({ code: 0 });
  });

  it('is not trusted when another release made it, and is then made from the start', async () => {
    await ledger.run(['snapshot', snapshot]);
    repack((file) => {
      const { db, close } = openReadModels(file);
      db.exec("UPDATE checkpoints SET version = version + 1 WHERE name = 'preferences'");
      close();
    });
    expect(await restore()).toMatchObject({ code: 1, stderr: `The snapshot is of another release. ${FROM_THE_LOG}` });
    expect((await ledger.run(['snapshot', snapshot])).stdout).toMatch(/^4 events/);
  });

  it('keeps the one that stood there when it is stopped, and what is in DATA_DIR when it is of no use', async () => {
    await ledger.run(['snapshot', snapshot]);
    const before = readFileSync(snapshot);
    await ledger.addContact(contactId(4));
    expect(await ledger.run(['snapshot', snapshot], { signal: AbortSignal.abort() })).toMatchObject({ code: 1 });
    expect(readFileSync(snapshot)).toStrictEqual(before);

    await ledger.run(['rebuild']);
    writeFileSync(snapshot, 'damaged');
    await restore();
    expect(contactsKnown()).toBe(3);
  });

  it('may be made by two at once', async () => {
    const made = await Promise.all([ledger.run(['snapshot', snapshot]), ledger.run(['snapshot', snapshot])]);
    expect(made.map(({ code }) => code)).toStrictEqual([0, 0]);
    expect(await restore()).toMatchObject({ code: 0 });
    expect(contactsKnown()).toBe(2);
  });

  it('says when there is none', async () => {
    rmSync(snapshot, { force: true });
    expect(await restore()).toMatchObject({ code: 1, stderr: `There is no snapshot ${snapshot}.\n` });
  });
});
