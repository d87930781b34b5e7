import type { Metrics } from '@consent-ledger/platform';

/** Metrics that only count, and show what they counted. */
export interface CountingMetrics extends Metrics {
  readonly verdicts: Readonly<Record<string, number>>;
  readonly appends: Readonly<Record<string, number>>;
  readonly mails: Readonly<Record<string, number>>;
  readonly inbounds: Readonly<Record<string, number>>;
}

/** Metrics for one test: without a registry, and without the process's own numbers. */
export function createCountingMetrics(): CountingMetrics {
  const verdicts: Record<string, number> = {};
  const appends: Record<string, number> = {};
  const mails: Record<string, number> = {};
  const inbounds: Record<string, number> = {};
  return {
    verdicts,
    appends,
    mails,
    inbounds,
    verdict: (reason) => count(verdicts, reason),
    appended: (type) => count(appends, type),
    mail: (outcome) => count(mails, outcome),
    inbound: (kind) => count(inbounds, kind),
    committed: () => undefined,
    request: () => undefined,
    scanned: () => undefined,
    limited: () => undefined,
    watchKeptMail: () => undefined,
    watchLag: () => undefined,
    watchConsumers: () => undefined,
    render: () => Promise.resolve(''),
    contentType: 'text/plain',
  };
}

function count(counts: Record<string, number>, label: string): void {
  counts[label] = (counts[label] ?? 0) + 1;
}
