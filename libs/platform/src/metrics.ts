import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type LabelValues } from 'prom-client';

/** The numbers this service keeps of itself, for Prometheus. No label holds anything about a person. */
export interface Metrics {
  /** Counts one verdict by its reason. */
  verdict(reason: string): void;
  /** Counts one appended event by its type. */
  appended(type: string): void;
  /** Times one commit of the log, in seconds, and the appends that shared it. */
  committed(appends: number, seconds: number): void;
  /** Counts the outcome of one delivery. */
  mail(outcome: string): void;
  /** Counts one message that came in, by its kind. */
  inbound(kind: string): void;
  /** Times one request, in seconds, by route pattern. */
  request(method: string, route: string, status: number, seconds: number): void;
  /** Counts one visit to a page that looks like a scanner's, by route pattern and by what gave it away. */
  scanned(route: string, sign: string): void;
  /** Something refused because a client, or all together, asked for it too often. */
  limited(limit: string): void;
  /** Has `lag` asked for whenever the metrics are read: for how many seconds a projection is behind the log. */
  watchLag(projection: string, lag: () => Promise<number>): void;
  /** Has `waiting` asked for whenever the metrics are read: the mail that came in and waits for a person. Once a registry. */
  watchKeptMail(waiting: () => Promise<WaitingMail>): void;
  /** Has `consumers` asked for whenever the metrics are read: how many messages of a topic each has not acknowledged. */
  watchConsumers(consumers: () => readonly ConsumerLag[]): void;
  /** Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** How many messages of a topic a group of consumers has not acknowledged. */
export interface ConsumerLag {
  readonly consumer: string;
  readonly topic: string;
  readonly behind: number;
}

/** How much mail waits for a person, how long the oldest has, 0 when none does, and what share of the room is left for more. */
export interface WaitingMail {
  readonly messages: number;
  readonly oldestSeconds: number;
  readonly roomLeft: Readonly<Record<'people' | 'programs', number>>;
}

/** A registry of its own, so that several apps of one process do not count into each other. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  /** Since the metrics were read last: a batch counts a verdict an address, for which the counter itself is too slow. */
  const judged = new Map<string, number>();
  new Counter({
    name: 'consent_ledger_verdicts_total',
    help: 'Answers to "may I send this?", by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const [reason, count] of judged) this.inc({ reason }, count);
      judged.clear();
    },
  });
  const appends = new Counter({
    name: 'consent_ledger_events_appended_total',
    help: 'Events appended to the log, by type.',
    labelNames: ['type'],
    registers,
  });
  const commits = new Histogram({
    name: 'consent_ledger_commit_seconds',
    help: 'Time of one durable commit of the log.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
    registers,
  });
  const grouped = new Histogram({
    name: 'consent_ledger_commit_appends',
    help: 'Appends that shared one durable commit.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const mails = new Counter({
    name: 'consent_ledger_mail_outcomes_total',
    help: 'Outcomes of deliveries.',
    labelNames: ['outcome'],
    registers,
  });
  const inbound = new Counter({
    name: 'consent_ledger_inbound_mail_total',
    help: 'Messages that came in, by kind; "other" waits for a person.',
    labelNames: ['kind'],
    registers,
  });
  const requests = new Histogram({
    name: 'consent_ledger_http_request_seconds',
    help: 'Time of one request, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  });
  const limits = new Counter({
    name: 'consent_ledger_limited_total',
    help: 'What was refused because it was asked too often, by the limit.',
    labelNames: ['limit'],
    registers,
  });
  const scans = new Counter({
    name: 'consent_ledger_scanner_visits_total',
    help: 'GET and HEAD of recipient pages that look like those of mail scanners or prefetches. Nothing is done about them.',
    labelNames: ['route', 'sign'],
    registers,
  });
  const lags = new Map<string, () => Promise<number>>();
  new Gauge({
    name: 'consent_ledger_projection_lag_seconds',
    help: 'For how many seconds a projection is behind the log.',
    labelNames: ['projection'],
    registers,
    async collect() {
      for (const [projection, lag] of lags) await tell(this, { projection }, lag);
    },
  });

  return {
    verdict: (reason) => void judged.set(reason, (judged.get(reason) ?? 0) + 1),
    appended: cached((type) => appends.labels(type)),
    committed: (count, seconds) => {
      commits.observe(seconds);
      grouped.observe(count);
    },
    mail: cached((outcome) => mails.labels(outcome)),
    inbound: cached((kind) => inbound.labels(kind)),
    request: timer(requests),
    scanned: (route, sign) => scans.inc({ route, sign }),
    limited: cached((limit) => limits.labels(limit)),
    watchLag: (projection, lag) => void lags.set(projection, lag),
    watchKeptMail: (waiting) => {
      watch(
        registry,
        { name: 'consent_ledger_kept_mail_messages', help: 'Mail that came in and waits for a person.' },
        () => waiting().then(({ messages }) => messages),
      );
      watch(
        registry,
        { name: 'consent_ledger_kept_mail_oldest_seconds', help: 'How long the oldest of it has waited.' },
        () => waiting().then(({ oldestSeconds }) => oldestSeconds),
      );
      new Gauge({
        name: 'consent_ledger_kept_mail_room_left',
        help: 'What share of the room for such mail is left, for what people write and for what programs do.',
        labelNames: ['room'],
        registers,
        async collect() {
          for (const room of ['people', 'programs'] as const)
            await tell(this, { room }, () => waiting().then(({ roomLeft }) => roomLeft[room]));
        },
      });
    },
    watchConsumers: (consumers) => {
      new Gauge({
        name: 'consent_ledger_consumer_behind',
        help: 'Messages of a topic that a group of consumers has not acknowledged.',
        labelNames: ['consumer', 'topic'],
        registers,
        collect() {
          this.reset();
          for (const { consumer, topic, behind } of consumers()) this.set({ consumer, topic }, behind);
        },
      });
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Finding a labelled counter costs more than counting, so each is looked up once. */
function cached(find: (label: string) => { inc(): void }): (label: string) => void {
  const counters = new Map<string, { inc(): void }>();
  return (label) => {
    let counter = counters.get(label);
    if (!counter) counters.set(label, (counter = find(label)));
    counter.inc();
  };
}

/** Adds a number that is asked for whenever the metrics are read. */
function watch(registry: Registry, named: { name: string; help: string }, value: () => Promise<number>): void {
  new Gauge({
    ...named,
    registers: [registry],
    async collect() {
      await tell(this, {}, value);
    },
  });
}

/** A number that cannot be told is absent; those beside it must not go with it. */
async function tell(gauge: Gauge, labels: LabelValues<string>, value: () => Promise<number>): Promise<void> {
  try {
    gauge.set(labels, await value());
  } catch {
    gauge.remove(labels);
  }
}

function timer(histogram: Histogram<'method' | 'route' | 'status'>): Metrics['request'] {
  const timers = new Map<string, { observe(seconds: number): void }>();
  return (method, route, status, seconds) => {
    const key = `${method} ${route} ${status}`;
    let series = timers.get(key);
    if (!series) timers.set(key, (series = histogram.labels(method, route, String(status))));
    series.observe(seconds);
  };
}
