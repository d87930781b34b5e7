import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDurably } from './durable-file.js';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'durable-file-'));
  path = join(directory, 'secrets.json');
});

afterEach(() => rm(directory, { recursive: true }));

async function modeOf(file: string): Promise<string> {
  return ((await stat(file)).mode & 0o777).toString(8);
}

describe('a file written durably', () => {
  it('is there whole, for its owner only, and nothing beside it', async () => {
    writeDurably(path, 'één');
    expect(await readFile(path, 'utf8')).toBe('één');
    expect(await modeOf(path)).toBe('600');
    expect(await readdir(directory)).toStrictEqual(['secrets.json']);
  });

  it('takes the place of the one before', async () => {
    await writeFile(path, 'something longer than what follows');
    writeDurably(path, 'short');
    expect(await readFile(path, 'utf8')).toBe('short');
  });

  it('is for its owner only also where a draft of an earlier crash was open to others', async () => {
    await writeFile(`${path}.tmp`, 'half');
    await chmod(`${path}.tmp`, 0o644);
    writeDurably(path, 'whole');
    expect(await readFile(path, 'utf8')).toBe('whole');
    expect(await modeOf(path)).toBe('600');
  });

  it('leaves the one before as it was when it cannot be written', () => {
    expect(() => writeDurably(join(directory, 'nowhere', 'file'), 'text')).toThrow('ENOENT');
  });
});
