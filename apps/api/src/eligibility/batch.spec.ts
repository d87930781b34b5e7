import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Batch } from '@consent-ledger/application';
import { Problem } from '@consent-ledger/platform';
import { describe, expect, it } from '@jest/globals';
import { answerStream } from './batch.js';

const ADDRESS = '"an@example.nl"\n';

/** A batch that says yes to everybody for as long as `isLive` says so. */
function batchOf(isLive: () => boolean): Batch {
  return {
    purpose: 'newsletter',
    at: '2026-01-01T00:00:00.000Z',
    position: 1,
    policy: { id: 'a-policy', version: 1 },
    requireLive() {
      if (!isLive()) throw new Problem('UNAVAILABLE', 'The preferences no longer follow the log.');
    },
    judge: () => ({ eligible: true, reason: 'CONSENT', basis: 'consent', validUntil: null }),
  };
}

describe('a stream of verdicts', () => {
  it('is broken off once the preferences no longer follow the log, before one more yes (P4)', async () => {
    let isLive = true;
    const body = new PassThrough();
    const results = answerStream(
      batchOf(() => isLive),
      body,
    ).setEncoding('utf8');
    body.write(ADDRESS);
    const [first] = await once(results, 'data');
    expect(first).toContain('"eligible":true');

    const more: string[] = [];
    results.on('data', (piece: string) => more.push(piece));
    isLive = false;
    body.write(ADDRESS);
    await expect(once(results, 'end')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(more).toStrictEqual([]);
    expect(body.destroyed).toBe(true);
  });

  it('asks that also within what one read brought, for a reader who takes one piece in an hour (P4)', async () => {
    let asked = 0;
    const body = new PassThrough();
    const results = answerStream(
      batchOf(() => (asked += 1) < 3),
      body,
    );
    body.end(ADDRESS.repeat(4_000));
    await expect(results.resume().toArray()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(asked).toBe(3);
  });
});
