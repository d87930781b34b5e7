import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readMailerName } from './mailer-name.js';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'mailer-'));
});
afterEach(() => rm(parent, { recursive: true }));

describe('the name of a mailer', () => {
  it('is the same at every start over its directory, and another over another', async () => {
    const name = readMailerName(join(parent, 'one'));
    expect(readMailerName(join(parent, 'one'))).toBe(name);
    expect(readMailerName(join(parent, 'two'))).not.toBe(name);
    expect((await stat(join(parent, 'one', 'mailer-name'))).mode & 0o777).toBe(0o600);
  });

  it('is made anew where its file is damaged', async () => {
    const name = readMailerName(parent);
    await writeFile(join(parent, 'mailer-name'), '');
    const next = readMailerName(parent);
    expect(next).not.toBe(name);
    expect(readMailerName(parent)).toBe(next);
  });
});
