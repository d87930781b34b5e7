import { describe, expect, it } from '@jest/globals';
import { closeAll } from './close-all.js';

describe('closing', () => {
  it('goes in order, one after the other', async () => {
    const closed: string[] = [];
    await closeAll([
      async () => {
        await Promise.resolve();
        closed.push('processor');
      },
      () => void closed.push('store'),
    ]);
    expect(closed).toStrictEqual(['processor', 'store']);
  });

  it('lets go of each even when others throw, and tells of them', async () => {
    const closed: string[] = [];
    const [full, gone] = [new Error('disk full'), new Error('gone')];
    const closing = closeAll([
      () => Promise.reject(full),
      () => void closed.push('vault'),
      () => {
        throw gone;
      },
      () => void closed.push('read models'),
    ]);
    await expect(closing).rejects.toMatchObject({ errors: [full, gone] });
    expect(closed).toStrictEqual(['vault', 'read models']);
  });
});
