import { NEVER, type Instant } from './instant.js';
import type { Policy } from './policy.js';

/** A policy and the moment this service came to know it. */
export interface PublishedPolicy {
  readonly policy: Policy;
  readonly publishedAt: Instant;
}

/** Every policy ever published, in any order. Never empty. */
export type PolicyHistory = readonly [PublishedPolicy, ...PublishedPolicy[]];

/**
 * The policy in force at `at` as known at `knownAt` (law 3): of the policies published by then, the one that came into
 * force last; of two that came into force together, the one published last. A moment before every policy is judged by
 * the first one, and so is a moment of knowledge before anything was published.
 */
export function policyInForce(history: PolicyHistory, at: Instant, knownAt: Instant): Policy {
  if (history.length === 1) return history[0].policy;
  const horizon = Math.max(knownAt, firstPublication(history));
  const moment = Math.max(at, firstInForce(history, horizon));
  let inForce: PublishedPolicy | undefined;
  for (const candidate of history) {
    if (candidate.publishedAt > horizon || candidate.policy.inForceFrom > moment) continue;
    if (!inForce || replaces(candidate, inForce)) inForce = candidate;
  }
  return inForce!.policy;
}

/** The first instant after `at` at which another policy comes into force, as known at `knownAt`; `undefined` if none. */
export function nextPolicyChange(history: PolicyHistory, at: Instant, knownAt: Instant): Instant | undefined {
  if (history.length === 1) return undefined;
  const horizon = Math.max(knownAt, firstPublication(history));
  let next: Instant | undefined;
  for (const { policy, publishedAt } of history) {
    if (publishedAt > horizon || policy.inForceFrom <= at) continue;
    if (next === undefined || policy.inForceFrom < next) next = policy.inForceFrom;
  }
  return next;
}

/** A stretch of time under one policy: from the first instant, inclusive, until the last, exclusive. */
export interface PolicySpan {
  readonly policy: Policy;
  readonly from: Instant;
  readonly until: Instant;
}

/** Which policy is in force when, as known at `knownAt`: stretches that follow one another through all of time (law 3). */
export function policySpans(history: PolicyHistory, knownAt: Instant = NEVER): readonly PolicySpan[] {
  const spans: PolicySpan[] = [];
  let from = -NEVER;
  while (from !== NEVER) {
    const until = nextPolicyChange(history, from, knownAt) ?? NEVER;
    spans.push({ policy: policyInForce(history, from, knownAt), from, until });
    from = until;
  }
  return spans;
}

/** The policies that were known at a moment, as every question about that knowledge takes them (law 3). */
export function policiesKnown(history: PolicyHistory, knownAt: Instant): PolicyHistory {
  const horizon = Math.max(knownAt, firstPublication(history));
  const known = history.filter(({ publishedAt }) => publishedAt <= horizon);
  return known as readonly PublishedPolicy[] as PolicyHistory;
}

/** The same policies and one that is only supposed: in force from `from`, and published after all of them. */
export function supposing(history: PolicyHistory, policy: Policy, from: Instant = policy.inForceFrom): PolicyHistory {
  return [...history, { policy: { ...policy, inForceFrom: from }, publishedAt: NEVER }];
}

function firstPublication(history: PolicyHistory): Instant {
  let first = history[0].publishedAt;
  for (const { publishedAt } of history) first = Math.min(first, publishedAt);
  return first;
}

function firstInForce(history: PolicyHistory, horizon: Instant): Instant {
  let first = NEVER;
  for (const { policy, publishedAt } of history)
    if (publishedAt <= horizon) first = Math.min(first, policy.inForceFrom);
  return first;
}

/** A total order, so that it does not matter in which order the policies are listed. */
function replaces(a: PublishedPolicy, b: PublishedPolicy): boolean {
  if (a.policy.inForceFrom !== b.policy.inForceFrom) return a.policy.inForceFrom > b.policy.inForceFrom;
  if (a.publishedAt !== b.publishedAt) return a.publishedAt > b.publishedAt;
  if (a.policy.version !== b.policy.version) return a.policy.version > b.policy.version;
  return a.policy.id > b.policy.id;
}
