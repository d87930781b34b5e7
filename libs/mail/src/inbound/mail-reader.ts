import type { Instant } from '@consent-ledger/consent';
import { createKeptMail, type KeptMail } from './kept-mail.js';
import { readInbound, type InboundEnvelope, type InboundMail, type InboundTrust } from './read-inbound.js';

/** Reads what comes in, and keeps for a person what a machine does not understand. */
export interface InboundReader extends Pick<KeptMail, 'keep'> {
  read(raw: Buffer, envelope: InboundEnvelope, now: Instant): Promise<InboundMail>;
}

/** The largest message that is taken, in bytes: reports return no more than the head of one, and opt-outs are short. */
export const MAX_INBOUND_BYTES = 1024 * 1024;

/** What every door reads by; `directory` is where messages wait for a person. */
export function createInboundReader(trust: InboundTrust, directory: string): InboundReader {
  const { keep } = createKeptMail({ directory });
  return { keep, read: (raw, envelope, now) => readInbound(raw, envelope, trust, now) };
}
