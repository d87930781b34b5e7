import { disclose } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  eventsIn,
  RequestRepository,
  type RequestAct,
  type RequestRecorded,
} from '../data-subject-request/request-repository.js';
import { AccessReports, type AccessReport, type ReportLanguage } from './access-report.js';

export interface Disclosure {
  readonly form: 'json' | 'html';
  readonly language: ReportLanguage;
  /** Whom it goes to, where that is not the person; sealed. */
  readonly to?: string;
}

export interface Disclosed {
  readonly recorded: RequestRecorded;
  readonly report: AccessReport;
}

/** What every report holds. */
const WHAT = ['addresses', 'purposes', 'consent-records', 'history', 'messages', 'retention', 'requests'] as const;

/** Gives what is held of a person, once it is established who asks; that it left, and to whom, is recorded first (P9). */
export class DiscloseCommand extends Command<Disclosed> {
  constructor(
    readonly act: RequestAct,
    readonly disclosure: Disclosure,
  ) {
    super();
  }
}

@CommandHandler(DiscloseCommand)
export class DiscloseHandler implements ICommandHandler<DiscloseCommand> {
  constructor(
    private readonly requests: RequestRepository,
    private readonly reports: AccessReports,
  ) {}

  async execute({ act, disclosure: { form, language, to } }: DiscloseCommand): Promise<Disclosed> {
    const { state } = await this.requests.loadFor(act);
    const disclosure = { what: WHAT, form };
    eventsIn(disclose(state, disclosure));
    const report = await this.reports.make(act.requestId, state.contactId, language);
    const personal = to === undefined ? {} : { to };
    const recorded = await this.requests.record(act, (context) => disclose(context.state, disclosure), personal);
    return { recorded, report };
  }
}
