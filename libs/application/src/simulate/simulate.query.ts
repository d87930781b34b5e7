import { compilePolicy, type Instant } from '@consent-ledger/consent';
import type { EventStore } from '@consent-ledger/event-store';
import { Problem, validationProblem, type Clock, type FieldError } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, type OnModuleDestroy } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { MailingProgress } from '../mailing-progress.js';
import { CLOCK, EVENT_STORE, POLICIES } from '../ports.js';
import { Preferences } from '../preferences.js';
import { InvalidPolicy, readPolicyContent } from '../publish-policies/policy-files.js';
import {
  gatherSends,
  refusedSendBody,
  simulationAnswer,
  type PastSends,
  type RefusedSendBody,
  type SimulationAnswer,
} from './simulation-answer.js';
import { Simulator, type Supposition } from './simulator.js';

export interface SimulationRequest {
  /** A policy that was published, or a document as a policy file holds it; none for the policies as they are. */
  readonly policy?: PolicyReference | object | undefined;
  /** From when the policy is supposed to be in force, in place of the moment that it names. */
  readonly from?: Instant | undefined;
  readonly at?: Instant | undefined;
  readonly knownAt?: Instant | undefined;
  readonly months: number;
}

export interface PolicyReference {
  readonly id: string;
  readonly version: number;
}

/** A simulation that has looked at the contacts; at the messages of the past it looks when it is asked to. */
export interface Simulation {
  readonly answer: SimulationAnswer;
  /** The messages that would have been refused, judged anew with each call. */
  refusedSends(): AsyncIterable<RefusedSendBody>;
  /** The same counted, with the first `limit` of them; `undefined` where no policy is supposed. */
  countSends(limit: number): Promise<PastSends | undefined>;
}

/**
 * What if this policy were in force (P5, P6, P7)? Who could be sent what, what falls due in each of the coming months, and
 * which messages of the past would not have gone out. Without a policy it is the forecast under those in force.
 */
export class SimulateQuery extends Query<Simulation> {
  constructor(
    readonly request: SimulationRequest,
    /** Aborts when nobody waits for the answer any more. */
    readonly signal: AbortSignal,
  ) {
    super();
  }
}

@QueryHandler(SimulateQuery)
export class SimulateHandler implements IQueryHandler<SimulateQuery>, OnModuleDestroy {
  private readonly simulator: Simulator;
  private readonly stopping = new AbortController();

  constructor(
    private readonly preferences: Preferences,
    private readonly mailings: MailingProgress,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const deliveries = mailings.view;
    this.simulator = new Simulator({ contacts: preferences, deliveries, policies, store, clock });
  }

  async execute({ request, signal: left }: SimulateQuery): Promise<Simulation> {
    await this.mailings.reachHead();
    this.preferences.requireLive();
    const { position } = this.preferences;
    const { at = this.clock.now(), knownAt, months } = request;
    const supposed = this.suppositionOf(request, at);
    const signal = AbortSignal.any([left, this.stopping.signal]);
    const result = await this.simulator.run({ at: request.at, knownAt, months, supposed }, { signal });
    const sends = (policy: Supposition['policy']) => this.simulator.judgeSends(policy, at, { signal });
    return {
      answer: simulationAnswer(result, position),
      refusedSends: async function* () {
        if (!supposed) return;
        for await (const send of sends(supposed.policy)) {
          const body = refusedSendBody(send);
          if (body) yield body;
        }
      },
      countSends: async (limit) => supposed && gatherSends(sends(supposed.policy), limit),
    };
  }

  /** A service that stops does not wait for a simulation. */
  onModuleDestroy(): void {
    this.stopping.abort(new Problem('UNAVAILABLE', 'The service stops. Ask again when it has started.'));
  }

  private suppositionOf({ policy, from }: SimulationRequest, at: Instant): Supposition | undefined {
    if (!policy) {
      if (from === undefined) return undefined;
      throw validationProblem([{ field: 'from', message: 'has no meaning without policy' }]);
    }
    if (isReference(policy)) return { policy: this.published(policy), from: from ?? at };
    const supposed = compilePolicy(readDocument(policy));
    return { policy: supposed, from: from ?? supposed.inForceFrom };
  }

  private published({ id, version }: PolicyReference) {
    const policy = this.policies.find(id, version);
    if (policy) return policy;
    throw new Problem('UNKNOWN_POLICY', `No policy "${id}" version ${version} was published. See GET /v1/policies.`, [
      { field: 'policy', message: 'is not a published policy' },
    ]);
  }
}

/** A document has purposes, whatever else it lacks. */
function isReference(policy: object): policy is PolicyReference {
  const { id, version, ...others } = policy as Partial<PolicyReference>;
  return typeof id === 'string' && typeof version === 'number' && Object.keys(others).length === 0;
}

function readDocument(policy: object) {
  try {
    return readPolicyContent(policy, 'The policy');
  } catch (error) {
    if (error instanceof InvalidPolicy) throw validationProblem(faultsByPath(error));
    throw error;
  }
}

/** One entry a path, whatever is wrong there. */
function faultsByPath({ faults }: InvalidPolicy): FieldError[] {
  const byPath = new Map<string, Set<string>>();
  for (const { path, message } of faults) byPath.set(path, (byPath.get(path) ?? new Set()).add(message));
  return [...byPath].map(([path, messages]) => ({ field: `policy${path}`, message: [...messages].join('; ') }));
}
