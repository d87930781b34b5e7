import type { JsonObject } from '@consent-ledger/event-store';
import { readBy, type Read } from './consent-request.js';
import { contract } from './schemas.js';

/** A message to one or many that another system asks for, as `mail.jobs.v1` has it. */
export interface MailJob {
  /** With `source`, the same for every copy of the job. */
  readonly id: string;
  readonly source: string;
  readonly data: {
    /** The mailing to which the recipients are added; one of the job's own when absent. */
    readonly mailingId?: string;
    readonly purpose: string;
    readonly template: string;
    readonly subject?: string;
    readonly language?: string;
    readonly variables?: JsonObject;
    readonly recipients: readonly {
      readonly address: string;
      readonly language?: string;
      readonly variables?: JsonObject;
    }[];
  };
}

const validate = contract('mail.jobs.v1');

/** Reads a message of `mail.jobs.v1`. */
export function readMailJob(text: string | undefined): Read<MailJob> {
  return readBy<MailJob>(validate, text);
}
