import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server over which bytes come as slowly as a test wants. */
export interface SlowLink {
  readonly port: number;
  /** How many bytes the server has sent. */
  carried(): number;
  /** From now on what the server sends comes at so many bytes a second; without a number, as it is sent. */
  slowDown(bytesPerSecond?: number): void;
  close(): Promise<void>;
}

/** Nothing is held here beyond one chunk a connection: what the client does not get waits at the server. */
export async function openSlowLink(target: number): Promise<SlowLink> {
  let pace = Number.POSITIVE_INFINITY;
  let carried = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
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
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      carried += chunk.length;
      upstream.pause();
      setTimeout(() => client.write(chunk, () => upstream.resume()), (1000 * chunk.length) / pace);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    carried: () => carried,
    slowDown(bytesPerSecond = Number.POSITIVE_INFINITY) {
      pace = bytesPerSecond;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
