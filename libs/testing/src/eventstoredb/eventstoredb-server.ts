import {
  createServer as createTcpServer,
  connect,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { Metadata, Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type shared from '@eventstore/db-client/generated/shared_pb.js';
import { AppendFaults, type AppendFault } from './append-faults.js';
import { appendHandlers } from './appends.js';
import { readHandlers } from './reads.js';
import type { SelfSignedCertificate } from './self-signed-certificate.js';
import { ServerLog } from './server-log.js';

/** A server that speaks the protocol of EventStoreDB on a free port, and fails as a test commands. */
export interface EventStoreDbServer {
  readonly port: number;
  readonly connectionString: string;
  readonly log: ServerLog;
  /** What goes wrong with the appends that come next, one each. */
  failNextAppends(...faults: AppendFault[]): void;
  /** Sends the answers that `late-answer` kept back. */
  answerLate(): void;
  /** Cuts every connection, in the middle of whatever is under way. New ones are taken. */
  cut(): void;
  /** Cuts every connection and refuses new ones, until `comeBack`. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  /** Lets so many answers to reads pass, and keeps those after them back until `releaseReads`. */
  holdReads(after?: number): void;
  releaseReads(): void;
  openSubscriptions(): number;
  openConnections(): number;
  stop(): Promise<void>;
}

export interface EventStoreDbServerOptions {
  /** Whether the server offers to take many appends over one call, as servers do since 21.10; default `true`. */
  readonly batchAppend?: boolean;
  /** Speaks TLS with this key, and lets in only this user. */
  readonly secured?: SelfSignedCertificate & { readonly user: string; readonly password: string };
  /** Is a node beside this leader, which never hears from it: it answers from a log of its own who does not ask for the leader. */
  readonly leader?: Pick<EventStoreDbServer, 'port'>;
}

/** Starts the server on 127.0.0.1. Its log is kept as long as it runs, whatever becomes of the connections. */
export async function runEventStoreDbServer(options: EventStoreDbServerOptions = {}): Promise<EventStoreDbServer> {
  const log = new ServerLog();
  const gate = createGate();
  const faults = new AppendFaults(() => proxy.cut());
  const reads = readHandlers(log, gate);
  const server = new Server({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 });
  server.addService(streamsService.StreamsService, {
    ...offered(appendHandlers(log, faults), options),
    read: guarded(reads.read, options),
  });
  server.addService(featuresService.ServerFeaturesService, { getSupportedMethods: supportedMethods(options) });
  server.addService(gossipService.GossipService, { read: onlyMember(() => proxy.port) });
  const inner = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentialsOf(options), (error, port) => (error ? reject(error) : resolve(port))),
  );
  const proxy = await openProxy(inner);

  return {
    port: proxy.port,
    connectionString: `esdb://127.0.0.1:${proxy.port}?tls=false`,
    log,
    failNextAppends: (...next) => faults.failNext(next),
    answerLate: () => faults.answerLate(),
    cut: () => proxy.cut(),
    goAway: () => proxy.close(),
    comeBack: () => proxy.open(),
    holdReads: gate.hold,
    releaseReads: gate.release,
    openSubscriptions: reads.openSubscriptions,
    openConnections: () => proxy.connections(),
    async stop() {
      gate.release();
      await proxy.close();
      server.forceShutdown();
    },
  };
}

function offered({ append, batchAppend }: ReturnType<typeof appendHandlers>, options: EventStoreDbServerOptions) {
  const offers = { append: guarded(append, options), batchAppend: guarded(batchAppend, options) };
  return options.batchAppend === false ? { append: offers.append } : offers;
}

type Guardable = { readonly metadata: Metadata; emit(event: 'error', error: object): boolean };

function guarded<Call extends Guardable, More extends unknown[]>(
  handle: (call: Call, ...more: More) => void,
  { secured, leader }: EventStoreDbServerOptions,
): (call: Call, ...more: More) => void {
  const known = secured && `Basic ${Buffer.from(`${secured.user}:${secured.password}`).toString('base64')}`;
  return (call, ...more) => {
    if (known && call.metadata.get('authorization')[0] !== known)
      return void call.emit('error', { code: status.UNAUTHENTICATED, details: 'Access Denied' });
    if (leader && call.metadata.get('requires-leader')[0] === 'true')
      return void call.emit('error', notLeader(leader.port));
    handle(call, ...more);
  };
}

function notLeader(port: number) {
  const metadata = new Metadata();
  metadata.set('exception', 'not-leader');
  metadata.set('leader-endpoint-host', '127.0.0.1');
  metadata.set('leader-endpoint-port', `${port}`);
  return { code: status.NOT_FOUND, details: 'Leader info available', metadata };
}

function credentialsOf({ secured }: EventStoreDbServerOptions): ServerCredentials {
  if (!secured) return ServerCredentials.createInsecure();
  const { key, certificate } = secured;
  return ServerCredentials.createSsl(null, [{ private_key: Buffer.from(key), cert_chain: Buffer.from(certificate) }]);
}

function createGate() {
  let held = Promise.resolve();
  let release = () => undefined as void;
  let first = 0;
  return {
    passed: () => (first-- > 0 ? Promise.resolve() : held),
    hold(after = 0) {
      first = after;
      held = new Promise((resolve) => (release = resolve));
    },
    release: () => release(),
  };
}

/** What stands between a client and the server, so that connections can be cut where a network would cut them. */
async function openProxy(target: number) {
  const sockets = new Set<Socket>();
  const server: TcpServer = createTcpServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port,
    cut,
    connections: () => sockets.size / 2,
    open: () => listen(port),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

function supportedMethods({ batchAppend = true }: EventStoreDbServerOptions) {
  return (
    _: ServerUnaryCall<shared.Empty, features.SupportedMethods>,
    respond: sendUnaryData<features.SupportedMethods>,
  ) => {
    const methods = ['read', 'append', ...(batchAppend ? ['batchappend'] : [])].map((name) =>
      new features.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name),
    );
    respond(null, new features.SupportedMethods().setEventStoreServerVersion('24.10.0').setMethodsList(methods));
  };
}

function onlyMember(port: () => number) {
  return (_: ServerUnaryCall<shared.Empty, gossip.ClusterInfo>, respond: sendUnaryData<gossip.ClusterInfo>) => {
    const member = new gossip.MemberInfo()
      .setState(gossip.MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port()));
    respond(null, new gossip.ClusterInfo().setMembersList([member]));
  };
}
