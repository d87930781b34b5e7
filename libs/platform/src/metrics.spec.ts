import { describe, expect, it } from '@jest/globals';
import { createMetrics, type Metrics } from './metrics.js';

/** The series of the service itself, by name and labels as Prometheus writes them. */
async function seriesOf(metrics: Metrics): Promise<Record<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith('consent_ledger_'));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** One of everything that is ever counted. */
function countEverything(metrics: Metrics): void {
  metrics.verdict('CONSENT');
  metrics.appended('OptedIn');
  metrics.committed(3, 0.002);
  metrics.mail('sent');
  metrics.inbound('bounce');
  metrics.request('POST', '/v1/opt-ins', 201, 0.004);
  metrics.scanned('/u/:token', 'head');
  metrics.limited('forms');
  metrics.watchLag('read-models', () => Promise.resolve(7));
  metrics.watchKeptMail(() =>
    Promise.resolve({ messages: 2, oldestSeconds: 90, roomLeft: { people: 0.75, programs: 0 } }),
  );
}

describe('the metrics', () => {
  it('count verdicts by reason', async () => {
    const metrics = createMetrics();
    for (const reason of ['CONSENT', 'OPTED_OUT', 'CONSENT']) metrics.verdict(reason);
    expect(await seriesOf(metrics)).toMatchObject({
      'consent_ledger_verdicts_total{reason="CONSENT"}': 2,
      'consent_ledger_verdicts_total{reason="OPTED_OUT"}': 1,
    });
  });

  it('count events by type, and outcomes of mails', async () => {
    const metrics = createMetrics();
    metrics.appended('OptedOut');
    metrics.mail('suppressed');
    metrics.mail('suppressed');
    expect(await seriesOf(metrics)).toMatchObject({
      'consent_ledger_events_appended_total{type="OptedOut"}': 1,
      'consent_ledger_mail_outcomes_total{outcome="suppressed"}': 2,
    });
  });

  it('time commits, and tell how many appends shared one', async () => {
    const metrics = createMetrics();
    metrics.committed(1, 0.002);
    metrics.committed(5, 0.004);
    expect(await seriesOf(metrics)).toMatchObject({
      consent_ledger_commit_seconds_count: 2,
      consent_ledger_commit_seconds_sum: 0.006,
      'consent_ledger_commit_seconds_bucket{le="0.0025"}': 1,
      consent_ledger_commit_appends_count: 2,
      consent_ledger_commit_appends_sum: 6,
      'consent_ledger_commit_appends_bucket{le="4"}': 1,
    });
  });

  it('time requests by route, not by path', async () => {
    const metrics = createMetrics();
    metrics.request('GET', '/u/:token', 200, 0.002);
    metrics.request('GET', '/u/:token', 400, 0.002);
    metrics.request('GET', '/u/:token', 200, 0.02);
    expect(await seriesOf(metrics)).toMatchObject({
      'consent_ledger_http_request_seconds_count{method="GET",route="/u/:token",status="200"}': 2,
      'consent_ledger_http_request_seconds_count{method="GET",route="/u/:token",status="400"}': 1,
    });
  });

  it('count mail that came in by its kind', async () => {
    const metrics = createMetrics();
    metrics.inbound('opt-out');
    metrics.inbound('other');
    metrics.inbound('other');
    expect(await seriesOf(metrics)).toMatchObject({
      'consent_ledger_inbound_mail_total{kind="opt-out"}': 1,
      'consent_ledger_inbound_mail_total{kind="other"}': 2,
    });
  });

  it('count visits of scanners by route and by what gave them away', async () => {
    const metrics = createMetrics();
    metrics.scanned('/u/:token', 'head');
    metrics.scanned('/u/:token', 'head');
    expect(await seriesOf(metrics)).toMatchObject({
      'consent_ledger_scanner_visits_total{route="/u/:token",sign="head"}': 2,
    });
  });

  it('ask how far a projection lags whenever they are read', async () => {
    const metrics = createMetrics();
    let lag = 3;
    metrics.watchLag('read-models', async () => lag);
    const series = 'consent_ledger_projection_lag_seconds{projection="read-models"}';
    expect(await seriesOf(metrics)).toMatchObject({ [series]: 3 });
    lag = 0;
    expect(await seriesOf(metrics)).toMatchObject({ [series]: 0 });
  });

  it('are there for the others when one projection cannot tell its lag', async () => {
    const metrics = createMetrics();
    metrics.verdict('CONSENT');
    metrics.watchLag('broken', () => Promise.reject(new Error('the log is closed')));
    metrics.watchLag('read-models', () => Promise.resolve(2));
    const series = await seriesOf(metrics);
    expect(series).toMatchObject({
      'consent_ledger_verdicts_total{reason="CONSENT"}': 1,
      'consent_ledger_projection_lag_seconds{projection="read-models"}': 2,
    });
    expect(series).not.toHaveProperty('consent_ledger_projection_lag_seconds{projection="broken"}');
  });

  it('tell how much mail waits for a person and how long the oldest has, but not while that cannot be told', async () => {
    const metrics = createMetrics();
    let waiting = () => Promise.resolve({ messages: 2, oldestSeconds: 90, roomLeft: { people: 0.75, programs: 0 } });
    metrics.watchKeptMail(() => waiting());
    expect(await seriesOf(metrics)).toMatchObject({
      consent_ledger_kept_mail_messages: 2,
      consent_ledger_kept_mail_oldest_seconds: 90,
      'consent_ledger_kept_mail_room_left{room="people"}': 0.75,
      'consent_ledger_kept_mail_room_left{room="programs"}': 0,
    });
    waiting = () => Promise.reject(new Error('the folder cannot be read'));
    expect(Object.keys(await seriesOf(metrics)).filter((name) => name.includes('kept_mail'))).toStrictEqual([]);
  });

  it('bear no label but those that are known to hold nothing of a person', async () => {
    const metrics = createMetrics();
    countEverything(metrics);
    const names = Object.keys(await seriesOf(metrics)).flatMap((series) => series.match(/\w+(?==")/g) ?? []);
    expect([...new Set(names)].sort()).toStrictEqual([
      'kind',
      'le',
      'limit',
      'method',
      'outcome',
      'projection',
      'reason',
      'room',
      'route',
      'sign',
      'status',
      'type',
    ]);
  });

  it('have a series for each thing that is counted', async () => {
    const metrics = createMetrics();
    countEverything(metrics);
    const names = new Set(
      Object.keys(await seriesOf(metrics)).map((series) => series.replace(/(_bucket|_sum|_count)?(\{.*)?$/, '')),
    );
    expect([...names].sort()).toStrictEqual([
      'consent_ledger_commit_appends',
      'consent_ledger_commit_seconds',
      'consent_ledger_events_appended_total',
      'consent_ledger_http_request_seconds',
      'consent_ledger_inbound_mail_total',
      'consent_ledger_kept_mail_messages',
      'consent_ledger_kept_mail_oldest_seconds',
      'consent_ledger_kept_mail_room_left',
      'consent_ledger_limited_total',
      'consent_ledger_mail_outcomes_total',
      'consent_ledger_projection_lag_seconds',
      'consent_ledger_scanner_visits_total',
      'consent_ledger_verdicts_total',
    ]);
  });

  it('of two apps in one process are kept apart', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.verdict('CONSENT');
    expect(await seriesOf(other)).not.toHaveProperty('consent_ledger_verdicts_total{reason="CONSENT"}');
  });

  it('are in the text format of Prometheus, with those of the process', async () => {
    const metrics = createMetrics();
    expect(metrics.contentType).toContain('text/plain');
    expect(await metrics.render()).toContain('process_cpu_seconds_total');
  });
});
