import { CreateMailingCommand, type AddRecipients, type MailingTemplates } from '@consent-ledger/application';
import { mailJobTaken, type MailJob, type TopicMessages } from '@consent-ledger/messaging';
import { deterministicId, newId, type Clock } from '@consent-ledger/platform';
import type { CommandBus } from '@nestjs/cqrs';

export interface MailJobDependencies {
  readonly commands: Pick<CommandBus, 'execute'>;
  readonly templates: Pick<MailingTemplates, 'require'>;
  readonly recipients: Pick<AddRecipients, 'add'>;
  readonly outcomes: string;
  readonly clock: Clock;
}

/** The mailing of a job: the one that it names, or one of its own. */
export function mailingOf({ id, source, data }: MailJob): string {
  return data.mailingId ?? deterministicId('mail-job', source, id);
}

/**
 * Opens the mailing of a job and adds its recipients, each durable, and answers what is to be told of that. A copy of the job
 * adds nobody twice and is answered like the first, also where that one was broken off half-way. Throws the `Problem` for
 * which the HTTP API would refuse it, and ends between two recipients when `signal` aborts.
 */
export async function takeMailJob(
  job: MailJob,
  dependencies: MailJobDependencies,
  signal: AbortSignal,
): Promise<TopicMessages> {
  const { commands, templates, recipients, outcomes: topic, clock } = dependencies;
  const { purpose, template, subject, language = 'nl', variables = {}, recipients: wanted } = job.data;
  const mailingId = mailingOf(job);
  const correlationId = newId();
  const named = { purpose, template, language, ...(subject !== undefined && { subject }) };
  await templates.require({ ...named, recipients: wanted });
  await commands.execute(new CreateMailingCommand({ mailingId, variables, ...named }, correlationId));
  const id = deterministicId('mail-job-taken', job.source, job.id);
  const added = await recipients.add(mailingId, untilAborted(wanted, signal), correlationId, id);
  const { accepted, duplicates, invalid } = added;
  const message = mailJobTaken(id, { mailingId, accepted, duplicates, invalid }, clock.now());
  return { topic, messages: [message] };
}

function* untilAborted<T>(items: Iterable<T>, signal: AbortSignal): Generator<T> {
  for (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}
