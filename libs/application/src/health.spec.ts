import { LogUnavailable } from '@consent-ledger/event-store';
import { UnusableKeyVault } from '@consent-ledger/privacy';
import { createTestLedger } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { checkHealth, type HealthSources } from './health.js';

/** A process to whose health something else may be said. */
async function healthWith(changed: (sources: HealthSources) => Partial<HealthSources>) {
  const ledger = await createTestLedger();
  await ledger.caughtUp();
  return checkHealth({ ...ledger, ...changed(ledger) });
}

const away = () => Promise.reject(new LogUnavailable('the connection was refused.'));

describe('the health of a process', () => {
  it('is ok where all of it works', async () => {
    expect(await healthWith(() => ({}))).toStrictEqual({
      status: 'ok',
      checks: { log: 'ok', writing: 'ok', keyVault: 'ok', readModels: 'ok' },
    });
  });

  it('tells a log that does not answer, of which nobody knows how far behind the read models are, from one that is away', async () => {
    const health = await healthWith(({ store }) => ({
      store: { ...store, head: away, readAll: away },
      connection: () => 'connecting',
      processor: processorThat({ behindMs: away }),
    }));
    expect(health).toMatchObject({
      status: 'unavailable',
      checks: {
        log: 'connecting: the log does not answer',
        readModels: 'how far behind is not known: the log cannot be read',
      },
    });
  });

  it('says for how long the read models are behind a log that answers', async () => {
    const behind = (ms: number) => healthWith(() => ({ processor: processorThat({ behindMs: async () => ms }) }));
    expect(await behind(10_000)).toMatchObject({ status: 'ok' });
    expect(await behind(11_500)).toMatchObject({
      status: 'unavailable',
      checks: { log: 'ok', readModels: '11 seconds behind the log' },
    });
  });

  it('is less where the subscription dropped, which is tried again', async () => {
    const interruption = new LogUnavailable('the subscription to the log dropped.');
    expect(await healthWith(() => ({ processor: processorThat({ interruption }) }))).toMatchObject({
      status: 'degraded',
      checks: { readModels: 'interrupted, and tried again: LOG_UNAVAILABLE' },
    });
  });

  it('is less where the key vault was rotated to a master key that this process was not given', async () => {
    const check = () => Promise.reject(new UnusableKeyVault('was made with another master key.'));
    expect(await healthWith(({ vault }) => ({ vault: { ...vault, check } }))).toMatchObject({
      status: 'degraded',
      checks: { keyVault: expect.stringContaining('under a master key that this process was not given') },
    });
  });

  it('shows nothing of an error that is not a code', async () => {
    const health = await healthWith(({ store }) => ({
      store: { ...store, head: () => Promise.reject(new Error('esdb://admin:changeit@log:2113')) },
    }));
    expect(JSON.stringify(health)).not.toContain('changeit');
    expect(health.checks.log).toBe('the log cannot be read');
  });
});

function processorThat(has: Partial<HealthSources['processor']>): HealthSources['processor'] {
  const idle = { error: undefined, interruption: undefined, behindMs: () => Promise.resolve(0) };
  return { ...idle, ...has } as HealthSources['processor'];
}
