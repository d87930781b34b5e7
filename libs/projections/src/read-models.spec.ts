import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { START } from '@consent-ledger/event-store';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CheckpointMismatch, type Projection } from './projection.js';
import { openReadModels, ReadModelsInUse, type Checkpoints } from './read-models.js';
import { readModelsInMemory } from './recorded.fixture.js';

const projection: Projection = { name: 'some', version: 1, handle: () => undefined, clear: () => undefined };

describe('the file of read models', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'read-models-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('keeps effects and checkpoints when it is opened again', () => {
    const path = join(directory, 'read-models.sqlite');
    const before = openReadModels(path);
    before.commit(
      new Map([[projection, before.openCheckpoint(projection)]]),
      { position: 7, id: 'g' },
      () => undefined,
    );
    before.close();

    const after = openReadModels(path);
    expect(after.openCheckpoint(projection)).toBe(7);
    after.close();
  });

  it('belongs to one process at a time', () => {
    const path = join(directory, 'read-models.sqlite');
    const first = openReadModels(path);
    expect(() => openReadModels(path)).toThrow(ReadModelsInUse);
    first.close();
    openReadModels(path).close();
  });
});

describe('the tables of a projection', () => {
  it('are made anew when another version left others', () => {
    const readModels = readModelsInMemory();
    readModels.createTables('some', 1, { things: 'CREATE TABLE IF NOT EXISTS things (old TEXT)' });
    readModels.openCheckpoint(projection);
    readModels.db.exec("INSERT INTO things VALUES ('kept')");

    readModels.createTables('some', 1, { things: 'CREATE TABLE IF NOT EXISTS things (old TEXT)' });
    expect(readModels.db.prepare('SELECT * FROM things').all()).toStrictEqual([{ old: 'kept' }]);

    readModels.createTables('some', 2, { things: 'CREATE TABLE IF NOT EXISTS things (new TEXT)' });
    expect(readModels.db.prepare('SELECT new FROM things').all()).toStrictEqual([]);
  });
});

describe('the checkpoint of a projection', () => {
  it('is moved only from where it was read', () => {
    const readModels = readModelsInMemory();
    const first: Checkpoints = new Map([[projection, readModels.openCheckpoint(projection)]]);
    const second: Checkpoints = new Map([[projection, readModels.openCheckpoint(projection)]]);
    readModels.commit(first, { position: 3, id: 'c' }, () => undefined);

    expect(() => readModels.commit(second, { position: 5, id: 'e' }, () => undefined)).toThrow(CheckpointMismatch);
    expect(readModels.openCheckpoint(projection)).toBe(3);
    expect(second.get(projection)).toBe(START);
  });

  it('is not moved without the effect, nor the effect stored without it', () => {
    const readModels = readModelsInMemory();
    readModels.db.exec('CREATE TABLE effects (position INTEGER)');
    const checkpoints: Checkpoints = new Map([[projection, readModels.openCheckpoint(projection)]]);
    const write = () => {
      readModels.db.exec('INSERT INTO effects VALUES (1)');
      throw new Error('the power went');
    };
    expect(() => readModels.commit(checkpoints, { position: 3, id: 'c' }, write)).toThrow('the power went');
    expect(readModels.db.prepare('SELECT * FROM effects').all()).toStrictEqual([]);
    expect(readModels.openCheckpoint(projection)).toBe(START);
  });
});
