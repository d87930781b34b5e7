import { join } from 'node:path';
import { checkDeliveryId } from './delivery-id.js';
import { exists, prepareDirectory, syncDirectory, systemCode, writeWhole } from './mail-files.js';
import { MailTransportUnavailable, type MailTransport, type SendOutcome } from './mail-transport.js';

export interface OutboxOptions {
  /** Where the messages are written; made when it is not there, readable by its owner only. */
  readonly directory: string;
}

/**
 * A transport that writes each message as `<deliveryId>.eml`: whole and durable before it answers, or not there at all. A
 * delivery that is there already is left as it is.
 */
export function createOutboxTransport({ directory }: OutboxOptions): MailTransport {
  const pathOf = (deliveryId: string) => join(directory, `${checkDeliveryId(deliveryId)}.eml`);
  const syncNames = grouped(() => syncDirectory(directory));
  const underWay = new Map<string, Promise<SendOutcome>>();
  let prepared: Promise<void> | undefined;
  let closed = false;

  const prepare = () =>
    (prepared ??= prepareDirectory(directory).catch((error: unknown) => {
      prepared = undefined;
      throw error;
    }));

  const write = async (path: string, raw: Buffer): Promise<SendOutcome> => {
    try {
      await prepare();
      if (!(await exists(path))) await writeWhole(path, raw);
    } catch (error) {
      return { status: 'deferred', code: systemCode(error) };
    }
    try {
      await syncNames();
      return { status: 'sent', response: 'written' };
    } catch (error) {
      return { status: 'unknown', code: systemCode(error) };
    }
  };

  return {
    async send({ deliveryId, raw }) {
      const path = pathOf(deliveryId);
      if (closed) return { status: 'deferred', code: 'CLOSED' };
      const earlier = underWay.get(path);
      if (earlier) return earlier;
      const writing = write(path, raw).finally(() => underWay.delete(path));
      underWay.set(path, writing);
      return writing;
    },
    wasSent: async (deliveryId) => exists(pathOf(deliveryId)),
    async verify() {
      try {
        await prepare();
        await syncNames();
      } catch (error) {
        throw new MailTransportUnavailable(systemCode(error));
      }
    },
    async close() {
      closed = true;
      await Promise.all(underWay.values());
    },
  };
}

/** Runs `work` so that calls which arrive while it runs share the next run: one sync serves all that waited for it. */
function grouped(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return (running = work());
      });
    return next;
  };
}
