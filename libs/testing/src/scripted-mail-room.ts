import { Deliver, ContactRepository, DeliveryRepository } from '@consent-ledger/application';
import type { DeliverOptions, Letter, MailRoom, SendOutcome } from '@consent-ledger/application';
import type { TestLedger } from './test-ledger.js';

/** A mail room that a test tells what becomes of each message. */
export interface ScriptedMailRoom extends MailRoom {
  /** Every message that was handed over, in order, with what it was made of. */
  readonly sent: readonly Letter[];
}

export interface MailRoomScript {
  /** How each hand-over ends, in order; the last one stands for all that follow. */
  readonly outcomes?: readonly [SendOutcome, ...SendOutcome[]];
  /** Runs while a message is made; what it throws is why the message cannot be made. */
  readonly onPrepare?: (letter: Letter) => unknown;
  /** Runs as a message is handed over. */
  readonly onSend?: (letter: Letter) => unknown;
  /** What the mail room knows of a message that was under way in a crash. */
  readonly wasSent?: boolean;
}

export function createScriptedMailRoom({
  outcomes = [{ status: 'sent' }],
  onPrepare,
  onSend,
  wasSent,
}: MailRoomScript = {}): ScriptedMailRoom {
  const sent: Letter[] = [];
  return {
    sent,
    async prepare(letter) {
      await onPrepare?.(letter);
      return {
        async send() {
          sent.push(letter);
          await onSend?.(letter);
          return outcomes[Math.min(sent.length, outcomes.length) - 1]!;
        },
      };
    },
    wasSent: () => Promise.resolve(wasSent),
  };
}

/** What sends the messages of a ledger through a mail room: three tries, a minute before the second. */
export function deliverThrough(
  mailRoom: MailRoom,
  { app, store, policies, clock, metrics, logger }: TestLedger,
  options: Partial<DeliverOptions> = {},
): Deliver {
  const contacts = app.get(ContactRepository);
  const deliveries = app.get(DeliveryRepository);
  return new Deliver(
    { store, contacts, deliveries, policies, mailRoom, clock, metrics, logger },
    {
      mailer: 'a-mailer',
      attempts: 3,
      retryAfter: 60_000,
      ...options,
    },
  );
}
