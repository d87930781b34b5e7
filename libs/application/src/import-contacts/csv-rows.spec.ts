import { Problem } from '@consent-ledger/platform';
import { describe, expect, it } from '@jest/globals';
import { csvRows, type CsvRow } from './csv-rows.js';

async function rowsOf(file: string | Buffer, { size = 7, delimiter }: { size?: number; delimiter?: string } = {}) {
  const bytes = Buffer.from(file);
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
  };
  const rows: CsvRow[] = [];
  for await (const row of csvRows(chunks(), delimiter)) rows.push(row);
  return rows;
}

async function faultOf(file: string | Buffer) {
  const error: unknown = await rowsOf(file, { size: 65_536 }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof Problem ? error.errors : error;
}

describe('the rows of a CSV file', () => {
  it('come with the line at which they end, however the bytes arrive', async () => {
    const file = 'email,name\r\n"a@example.org","Jan ""Piet""\r\nSmit"\r\n\r\nb@example.org,é\r\n';
    const expected = [
      { cells: ['email', 'name'], line: 1 },
      { cells: ['a@example.org', 'Jan "Piet"\r\nSmit'], line: 3 },
      { cells: ['b@example.org', 'é'], line: 5 },
    ];
    for (const size of [1, 2, 3, 7, 1000]) expect(await rowsOf(file, { size })).toStrictEqual(expected);
  });

  it('are read with a byte order mark before them', async () => {
    expect(await rowsOf('\uFEFFemail\na@example.org')).toStrictEqual([
      { cells: ['email'], line: 1 },
      { cells: ['a@example.org'], line: 2 },
    ]);
  });

  it.each([
    ['semicolons', '"e,mail,";name\na;b'],
    ['tabs', 'e,mail\tname\tother\na\tb\tc'],
    ['commas', 'email,"na;me;;"\na,b'],
  ])('are told apart by the %s that the header has', async (_, file) => {
    const [header, row] = await rowsOf(file);
    expect(header!.cells).toHaveLength(row!.cells.length);
    expect(row!.cells[0]).toBe('a');
  });

  it('are told apart by the delimiter that was named', async () => {
    const [, row] = await rowsOf('a|b,c\n1|2,3', { delimiter: '|' });
    expect(row!.cells).toStrictEqual(['1', '2,3']);
  });

  it('may be ragged, and have quotes where no quotes belong', async () => {
    const cells = (await rowsOf('a,b\n1\n1,2,3\nJan "Piet",2\n')).map((row) => row.cells);
    expect(cells).toStrictEqual([['a', 'b'], ['1'], ['1', '2', '3'], ['Jan "Piet"', '2']]);
  });

  it.each([
    ['an empty file', '', 1, /empty/],
    ['UTF-16', Buffer.from('\uFEFFemail\nb', 'utf16le'), 1, /UTF-16/],
    ['UTF-16 without a mark', Buffer.from('email\nb', 'utf16le'), 1, /UTF-16/],
    ['a quote that is never closed', 'a,b\n1,2\n1,"2\n3,4\n', 3, /never closed/],
    ['a row without end', `a,b\n1,2\n1,"${'2\n'.repeat(600_000)}`, 3, /never closed/],
  ])('end with the line of %s', async (_, file, line, why) => {
    expect(await faultOf(file)).toStrictEqual([{ field: `line ${line}`, message: expect.stringMatching(why) }]);
  });

  it('are all handed on that stand before a line that cannot be read', async () => {
    const rows: CsvRow[] = [];
    const file = async function* () {
      yield await Promise.resolve(Buffer.from('a,b\n1,2\n3,4\n5,"6\n7,8\n'));
    };
    await expect(
      (async () => {
        for await (const row of csvRows(file())) rows.push(row);
      })(),
    ).rejects.toThrow(Problem);
    expect(rows.map(({ line }) => line)).toStrictEqual([1, 2, 3]);
  });

  it('end with the failure of what they are read from, and let go of it', async () => {
    let letGo = false;
    const failing = async function* () {
      try {
        yield Buffer.from('a,b\n1,2\n');
        await Promise.resolve();
        throw new Error('The line was cut.');
      } finally {
        letGo = true;
      }
    };
    const rows: CsvRow[] = [];
    await expect(
      (async () => {
        for await (const row of csvRows(failing())) rows.push(row);
      })(),
    ).rejects.toThrow('The line was cut.');
    expect(letGo).toBe(true);
  });
});
