import { CLOCK, CONFIGURATION, LOGGER, METRICS } from '@consent-ledger/application';
import {
  networkOf,
  Problem,
  type Clock,
  type Configuration,
  type Logger,
  type Metrics,
} from '@consent-ledger/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';

/** What is counted: visits to pages, forms of which each may send a mail, links that are none, and keys that are none. */
export type LimitGroup = 'visits' | 'forms' | 'guesses' | 'keys';

/** Forms of all clients together, because each leaves events for ever: whoever has many addresses asks for no more than anybody. */
type Limit = LimitGroup | 'forms-of-all';

const MINUTE = 60_000;
/** Of each group; the one not seen for longest is forgotten first. */
const MOST_REMEMBERED = 10_000;

interface Bound {
  readonly max: number;
  readonly windowMs: number;
}

/** How a limit stands after one more was counted. */
export interface Standing {
  readonly exceeded: boolean;
  /** `Retry-After`, and the RateLimit fields of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-07). */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Bounds how often one client may do what costs others something. What is remembered is bounded and in memory: another
 * process counts for itself, and a restart forgets.
 */
@Injectable()
export class Limits {
  private readonly bounds: Readonly<Record<Limit, Bound>>;
  private readonly windows = new Map<Limit, Map<string, Window>>();
  private warned = false;

  constructor(
    @Inject(CONFIGURATION) configuration: Configuration,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Pick<Logger, 'warn'>,
    @Inject(METRICS) private readonly metrics: Pick<Metrics, 'limited'>,
  ) {
    const { VISITS_PER_MINUTE, FORMS_PER_MINUTE_IN_ALL, FORMS_PER_TEN_MINUTES, GUESSES_PER_TEN_MINUTES } =
      configuration;
    this.bounds = {
      visits: { max: VISITS_PER_MINUTE, windowMs: MINUTE },
      forms: { max: FORMS_PER_TEN_MINUTES, windowMs: 10 * MINUTE },
      'forms-of-all': { max: FORMS_PER_MINUTE_IN_ALL, windowMs: MINUTE },
      guesses: { max: GUESSES_PER_TEN_MINUTES, windowMs: 10 * MINUTE },
      keys: { max: GUESSES_PER_TEN_MINUTES, windowMs: 10 * MINUTE },
    };
  }

  /** Counts one for the client, and a form for all together. */
  count(group: LimitGroup, request: FastifyRequest): Standing {
    if (this.bounds[group].max > 0) this.warnOfProxy(request);
    const own = this.countOne(group, networkOf(clientAddress(request)));
    // What one client may not do takes nothing of what all may.
    return own.exceeded || group !== 'forms' ? own : this.countOne('forms-of-all', 'all');
  }

  /** Counts one for the client. Throws the problem `TOO_MANY_REQUESTS` when it is one too many; the reply then says when to come back. */
  require(group: LimitGroup, request: FastifyRequest, reply: FastifyReply): void {
    const { exceeded, headers } = this.count(group, request);
    if (!exceeded) return;
    void reply.headers(headers);
    throw new Problem('TOO_MANY_REQUESTS', 'Wait for as long as Retry-After says, then send the request again.');
  }

  private countOne(limit: Limit, client: string): Standing {
    const { max, windowMs } = this.bounds[limit];
    if (max === 0) return { exceeded: false, headers: {} };
    const { count, since } = this.windowOf(limit, client, windowMs);
    const exceeded = count > max;
    if (exceeded) this.metrics.limited(limit);
    const seconds = String(Math.max(1, Math.ceil((since + windowMs - this.clock.now()) / 1000)));
    return {
      exceeded,
      headers: {
        'Retry-After': seconds,
        'RateLimit-Limit': String(max),
        'RateLimit-Remaining': String(Math.max(0, max - count)),
        'RateLimit-Reset': seconds,
        'RateLimit-Policy': `${max};w=${windowMs / 1000}`,
      },
    };
  }

  /** The window that one more was counted in. */
  private windowOf(limit: Limit, key: string, windowMs: number): Window {
    let windows = this.windows.get(limit);
    if (!windows) this.windows.set(limit, (windows = new Map<string, Window>()));
    const now = this.clock.now();
    const last = windows.get(key);
    const goesOn = last !== undefined && last.since <= now && now < last.since + windowMs;
    const window = goesOn ? { count: last.count + 1, since: last.since } : { count: 1, since: now };
    windows.delete(key);
    windows.set(key, window);
    if (windows.size > MOST_REMEMBERED) windows.delete(windows.keys().next().value!);
    return window;
  }

  /** Behind a proxy that is not known as one, all its clients are one, and would soon be refused together. */
  private warnOfProxy({ headers, ips }: FastifyRequest): void {
    if (this.warned || ips !== undefined || headers['x-forwarded-for'] === undefined) return;
    this.warned = true;
    this.logger.warn(
      'Requests name a proxy in X-Forwarded-For, and TRUSTED_PROXIES names none: all its clients are limited as one',
    );
  }
}

interface Window {
  readonly count: number;
  /** Epoch milliseconds. */
  readonly since: number;
}
