import type { Instant } from '@consent-ledger/consent';

/** Who handed a message over and for whom, as far as that is known. */
export interface InboundEnvelope {
  readonly from?: string;
  readonly to?: readonly string[];
}

/** What a message that came in says. Whom it is about was signed here, and so is beyond doubt. */
export type InboundReading =
  | {
      readonly kind: 'opt-out';
      readonly contactId: string;
      readonly purposes: readonly string[] | 'all';
      readonly mailing?: string;
    }
  | {
      readonly kind: 'bounce';
      readonly deliveryId: string;
      readonly action: 'failed' | 'delayed';
      /** RFC 3463. */
      readonly status?: string;
      readonly reportedAt?: Instant;
    }
  | {
      readonly kind: 'complaint';
      readonly about: { readonly deliveryId: string } | { readonly contactId: string; readonly mailing?: string };
      readonly reportedAt?: Instant;
    }
  | { readonly kind: 'automatic-reply' }
  | { readonly kind: 'other'; readonly why: string };

/** Reads messages and keeps those for a person. The apps bring it: the application knows no MIME. */
export interface MailReader {
  /**
   * What a raw message says; `id` is the same when the same message is handed over again, and `isNamed` says that no other
   * message bears it. Never rejects.
   */
  read(
    raw: Buffer,
    envelope: InboundEnvelope,
    now: Instant,
  ): Promise<{ readonly id: string; readonly isNamed: boolean; readonly reading: InboundReading }>;
  /** Keeps a message for a person, durably; the same bytes are kept once. Rejects when there is no room. */
  keep(raw: Buffer, why: string): Promise<void>;
}
