import type { EventStoreDBClient } from '@eventstore/db-client';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  status,
  type CallOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
  type Metadata,
  type StatusObject,
} from '@grpc/grpc-js';
import { LogRefused, LogUnavailable } from './errors.js';

/** Whether the server answered the last time it was asked. */
export type ConnectionState = 'connecting' | 'connected';

export type BatchAppendCall = ClientDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

type ReadCall = ClientReadableStream<streams.ReadResp>;
type Call = BatchAppendCall | ReadCall;

export type Take = (response: streams.ReadResp) => void;

export interface Patience {
  readonly signal: AbortSignal;
  readonly silenceMs?: number;
}

/** The way to the server: calls on the client's connection, which finds the leader and comes back after a cut. */
export interface Connection {
  /**
   * Hands each answer to a read or a subscription to `take` as it comes, and resolves when there are no more. Rejects with
   * what `take` throws, with `LogUnavailable` when the server cannot be reached, is cut off, or is silent for longer than
   * `silenceMs`, with `LogRefused` when it does not let the user read, and with its reason when `signal` aborts.
   */
  read(request: streams.ReadReq, take: Take, patience: Patience): Promise<void>;
  /** Opens a call over which many appends go, each answered by itself. */
  openBatchAppend(): Promise<BatchAppendCall>;
  state(): ConnectionState;
  close(): Promise<void>;
}

/** What the client keeps for its own commands. Its version is pinned, and this file is all that knows of it. */
interface ClientInside {
  getGRPCClient(service: typeof streamsService.StreamsClient, name: string): Promise<streamsService.StreamsClient>;
  callArguments(options: object, callOptions: CallOptions): [Metadata, CallOptions];
  handleError(client: unknown, error: Error): Promise<void>;
}

const FOREVER: CallOptions = { deadline: Infinity };

/**
 * Only the leader answers, and who is not says so and where it is: any other node may lack what was acknowledged a moment ago,
 * and one that lost the others lacks ever more. An answer from it could say yes to somebody who opted out (P4).
 */
const OF_THE_LEADER = { requiresLeader: true };

/** Calls through a client that nobody else uses. `onState` hears when the server stops or begins to answer. */
export function createConnection(client: EventStoreDBClient, onState?: (state: ConnectionState) => void): Connection {
  const inside = client as unknown as ClientInside;
  let state: ConnectionState = 'connecting';
  let last: streamsService.StreamsClient | undefined;
  const underWay = new Set<Call>();
  keepFromEndingTheProcess(inside);

  function become(next: ConnectionState): void {
    if (state === next) return;
    state = next;
    onState?.(next);
  }

  /** Calls come one an opt-in at least: what the client itself would do for each, the listeners here do with less. */
  async function open<C extends Call>(
    name: string,
    create: (service: streamsService.StreamsClient, ...options: [Metadata, CallOptions]) => C,
  ): Promise<C> {
    try {
      const service = (last = await inside.getGRPCClient(streamsService.StreamsClient, name));
      const call = create(service, ...inside.callArguments(OF_THE_LEADER, FOREVER));
      underWay.add(call);
      call.on('metadata', () => become('connected'));
      call.on('status', (end) => {
        underWay.delete(call);
        if (!isOurs(end)) become(isLost(end) ? 'connecting' : 'connected');
      });
      // Who reads hears of it too; an error that nobody listens for ends the process.
      call.on('error', (error) => void (isOurs(error) || inside.handleError(service, error)));
      return call;
    } catch (error) {
      become('connecting');
      throw unavailable(error);
    }
  }

  return {
    async read(request, take, { signal, silenceMs }) {
      signal.throwIfAborted();
      const call = await open('read', (service, ...options) => service.read(request, ...options));
      const silence = watchSilence(silenceMs, () => call.destroy(new Error('The server was silent for too long.')));
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
      try {
        await ended(call, (response) => (silence.refresh(), take(response)));
      } catch (error) {
        signal.throwIfAborted();
        throw explained(error);
      } finally {
        silence.end();
        signal.removeEventListener('abort', cancel);
        call.cancel();
      }
    },

    openBatchAppend: () => open('batchAppend', (service, ...options) => service.batchAppend(...options)),

    state: () => state,

    async close() {
      await Promise.all([...underWay].map(cancelled));
      last?.close();
    },
  };
}

/**
 * The client handles errors in promises that nobody waits for; when it cannot find a cluster again, one of them rejects,
 * which would end the process.
 */
function keepFromEndingTheProcess(inside: ClientInside): void {
  const handle = inside.handleError;
  inside.handleError = (client, error) => handle(client, error).catch(() => undefined);
}

/** Resolves when a call has ended well, with every answer handed to `take`. */
function ended(call: ReadCall, take: Take): Promise<void> {
  return new Promise((resolve, reject) => {
    call.on('error', reject);
    call.on('end', resolve);
    call.on('data', (response: streams.ReadResp) => {
      try {
        take(response);
      } catch (error) {
        call.destroy(error as Error);
      }
    });
  });
}

function cancelled(call: Call): Promise<unknown> {
  return new Promise((resolve) => {
    call.on('status', resolve);
    call.cancel();
  });
}

function watchSilence(afterMs: number | undefined, act: () => void) {
  const timer = afterMs === undefined ? undefined : setTimeout(act, afterMs);
  return { refresh: () => timer?.refresh(), end: () => clearTimeout(timer) };
}

const LOST = new Set<unknown>([status.CANCELLED, status.DEADLINE_EXCEEDED, status.UNAVAILABLE, status.INTERNAL]);

/** Whether an error says that the way to the server is lost, and nothing about what was asked. */
export function isLost(error: unknown): boolean {
  const { code, metadata } = error as { code?: unknown; metadata?: Metadata };
  return typeof code !== 'number' || LOST.has(code) || metadata?.get('exception')[0] === 'not-leader';
}

function explained(error: unknown): unknown {
  if (isLost(error)) return unavailable(error);
  return isRefusal(error) ? new LogRefused('The server does not let this user read the log.', { cause: error }) : error;
}

function unavailable(error: unknown): LogUnavailable {
  const { details, message } = error as { details?: string; message: string };
  return new LogUnavailable(`${details ?? message}.`.replace(/\.\.$/, '.'), { cause: error });
}

/** Whether a call ended because we no longer wanted it. */
function isOurs(end: Partial<StatusObject> | Error): boolean {
  const { code, details } = end as Partial<StatusObject>;
  return code === status.CANCELLED && details === 'Cancelled on client';
}

const REFUSALS = new Set<unknown>([status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.UNIMPLEMENTED]);

/** Whether the server refuses a call altogether, so that nothing of what was sent over it was done. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has((error as { code?: unknown } | undefined)?.code);
}

const NO_SUCH_PLACE = new Set<unknown>([status.INVALID_ARGUMENT, status.OUT_OF_RANGE, status.UNKNOWN]);

/** Whether the server refuses a read because no record of its log begins at the position. */
export function saysNoSuchPlace(error: unknown): boolean {
  return NO_SUCH_PLACE.has((error as { code?: unknown }).code);
}
