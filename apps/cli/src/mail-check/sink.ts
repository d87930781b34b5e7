import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSmtpTransport } from '@consent-ledger/mail';
import { SMTPServer } from 'smtp-server';
import type { Sample } from './samples.js';

/** Sends samples to a mail server in this process, over SMTP as the mailer does, and answers what that received. */
export async function receive(samples: readonly Sample[]): Promise<ReadonlyMap<Sample, Buffer>> {
  const received = new Map<Sample, Buffer>();
  let current: Buffer | undefined;
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onData(stream, _session, done) {
      bytesOf(stream).then((bytes) => {
        current = bytes;
        done();
      }, done);
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const transport = createSmtpTransport({ url: `smtp://127.0.0.1:${port}`, maxConnections: 1 });
  try {
    for (const sample of samples) {
      const { deliveryId, message } = sample;
      const { status } = await transport.send({ deliveryId, ...message });
      if (status === 'sent' && current) received.set(sample, current);
    }
  } finally {
    await transport.close();
    await new Promise<void>((resolve) => server.close(resolve));
  }
  return received;
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
