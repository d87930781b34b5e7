import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AddRecipients } from './add-recipients/add-recipients.js';
import { ApiKeys } from './api-keys/api-keys.js';
import { Eligibility } from './ask-eligibility/eligibility.js';
import { AskPreferenceLinkHandler } from './ask-preference-link/ask-preference-link.command.js';
import { CheckIdentityHandler } from './check-identity/check-identity.command.js';
import { ConfirmOptInHandler } from './confirm-opt-in/confirm-opt-in.command.js';
import { AddressOnRecord } from './contact/address-on-record.js';
import { ContactRepository } from './contact/contact-repository.js';
import { LinkedContacts } from './contact/linked-contacts.js';
import { CreateMailingHandler } from './create-mailing/create-mailing.command.js';
import { MailingTemplates } from './create-mailing/mailing-templates.js';
import { Judgement } from './data-subject-request/judgement.js';
import { RequestRepository } from './data-subject-request/request-repository.js';
import { Requests } from './data-subject-request/requests.js';
import { DeliveryRepository } from './deliver/delivery-repository.js';
import { AccessReports } from './disclose/access-report.js';
import { DiscloseHandler } from './disclose/disclose.command.js';
import { EraseContactHandler } from './erase-contact/erase-contact.command.js';
import { ExportContacts } from './export-contacts/export-contacts.js';
import { ImportContacts } from './import-contacts/import-contacts.js';
import { ImportRepository } from './import-contacts/import-repository.js';
import { EraseStrangers } from './erase-strangers/erase-strangers.js';
import { DueDates } from './due-dates.js';
import { ExtendRequestHandler } from './extend-request/extend-request.command.js';
import { FulfilRequestHandler } from './fulfil-request/fulfil-request.command.js';
import type { Ledger } from './ledger.js';
import { LookUpContactHandler } from './look-up-contact/look-up-contact.query.js';
import { MailingProgress } from './mailing-progress.js';
import { ConfirmationMail } from './opt-in/confirmation-mail.js';
import { OptInHandler } from './opt-in/opt-in.command.js';
import { OptOutHandler } from './opt-out/opt-out.command.js';
import { PlaceLegalHoldHandler } from './place-legal-hold/place-legal-hold.command.js';
import {
  CLOCK,
  CONFIGURATION,
  CONTACT_IDS,
  EVENT_STORE,
  KEY_VAULT,
  LEDGER,
  LINKS,
  LOGGER,
  METRICS,
  PERSONAL_DATA,
  POLICIES,
  TEMPLATES,
  PUBLIC_URL,
  RETURN_PATHS,
  START_SEALING,
} from './ports.js';
import { Preferences } from './preferences.js';
import { PublishPolicyHandler } from './publish-policies/publish-policy.command.js';
import { ReconsentMail } from './prompt-reconsent/reconsent-mail.js';
import { ReceiveRequestHandler } from './receive-request/receive-request.command.js';
import { ReceiveMail } from './receive-mail/receive-mail.js';
import { RecordDeliverabilityHandler } from './record-deliverability/record-deliverability.command.js';
import { RecordRelationshipHandler } from './record-relationship/record-relationship.command.js';
import { RenewConsentHandler } from './renew-consent/renew-consent.command.js';
import { RectifyAddress } from './rectify-address/rectify-address.js';
import { RefuseRequestHandler } from './refuse-request/refuse-request.command.js';
import { ReplayHandler } from './replay/replay.query.js';
import { RestrictProcessingHandler } from './restrict-processing/restrict-processing.command.js';
import { SettleDue } from './settle-due/settle-due.js';
import { DeliveriesHandler } from './show-deliveries/show-deliveries.query.js';
import { ShowErasureHandler } from './show-erasure/show-erasure.query.js';
import { ShowHistoryHandler } from './show-history/show-history.query.js';
import { ShowMailingHandler } from './show-mailing/show-mailing.query.js';
import { ShowOptInRequestHandler } from './show-opt-in-request/show-opt-in-request.query.js';
import { ShowOwnPreferencesHandler } from './show-own-preferences/show-own-preferences.query.js';
import { ShowPoliciesHandler } from './show-policies/show-policies.query.js';
import { ShowPreferencesHandler } from './show-preferences/show-preferences.query.js';
import { ShowRetentionHandler } from './show-retention/show-retention.query.js';
import { Mailboxes } from './subscribe/mailboxes.js';
import { SubscribeHandler } from './subscribe/subscribe.command.js';
import { SimulateHandler } from './simulate/simulate.query.js';
import { TakeBackImport } from './take-back-import/take-back-import.js';
import { ShowQuestionHandler } from './show-question/show-question.query.js';
import { ShowRequestHandler, ShowRequestsHandler } from './show-requests/show-requests.query.js';
import { TurnOnHandler } from './turn-on/turn-on.command.js';
import { PreviewTemplateHandler } from './preview-template/preview-template.query.js';
import { PublishTemplateHandler } from './publish-template/publish-template.command.js';
import { ShowTemplateHandler, ShowTemplatesHandler } from './show-templates/show-templates.query.js';
import { TemplateCatalogue } from './template-catalogue.js';
import { TemplateSettings } from './template-settings.js';
import { UndoOptOutHandler } from './undo-opt-out/undo-opt-out.command.js';
import { UnsubscribeHandler } from './unsubscribe/unsubscribe.command.js';

/** Every command and query handler: exactly one each. */
const handlers = [
  OptInHandler,
  ConfirmOptInHandler,
  SubscribeHandler,
  OptOutHandler,
  UnsubscribeHandler,
  UndoOptOutHandler,
  TurnOnHandler,
  RenewConsentHandler,
  AskPreferenceLinkHandler,
  RecordRelationshipHandler,
  RecordDeliverabilityHandler,
  RestrictProcessingHandler,
  PlaceLegalHoldHandler,
  EraseContactHandler,
  ReceiveRequestHandler,
  CheckIdentityHandler,
  ExtendRequestHandler,
  FulfilRequestHandler,
  RefuseRequestHandler,
  DiscloseHandler,
  CreateMailingHandler,
  PublishPolicyHandler,
  LookUpContactHandler,
  ShowPreferencesHandler,
  ShowHistoryHandler,
  ReplayHandler,
  ShowPoliciesHandler,
  ShowMailingHandler,
  ShowRequestsHandler,
  ShowRequestHandler,
  DeliveriesHandler,
  ShowErasureHandler,
  ShowRetentionHandler,
  ShowQuestionHandler,
  ShowOwnPreferencesHandler,
  ShowOptInRequestHandler,
  SimulateHandler,
  PublishTemplateHandler,
  ShowTemplatesHandler,
  ShowTemplateHandler,
  PreviewTemplateHandler,
];

const services = [
  EraseStrangers,
  ContactRepository,
  AddressOnRecord,
  LinkedContacts,
  RectifyAddress,
  RequestRepository,
  Judgement,
  AccessReports,
  DeliveryRepository,
  ConfirmationMail,
  Mailboxes,
  ReconsentMail,
  SettleDue,
  Eligibility,
  AddRecipients,
  MailingTemplates,
  ReceiveMail,
  ImportRepository,
  ImportContacts,
  TakeBackImport,
  ExportContacts,
  TemplateSettings,
];

/** The application over one opened ledger and the templates, for every app of the process. */
@Module({})
export class ApplicationModule {
  static over(ledger: Ledger, catalogue: TemplateCatalogue): DynamicModule {
    const ports: Provider[] = [
      { provide: CONFIGURATION, useValue: ledger.configuration },
      { provide: LEDGER, useValue: ledger },
      { provide: CLOCK, useValue: ledger.clock },
      { provide: LOGGER, useValue: ledger.logger },
      { provide: METRICS, useValue: ledger.metrics },
      { provide: EVENT_STORE, useValue: ledger.store },
      { provide: KEY_VAULT, useValue: ledger.vault },
      { provide: PERSONAL_DATA, useValue: ledger.personalData },
      { provide: START_SEALING, useValue: ledger.startSealing },
      { provide: CONTACT_IDS, useValue: ledger.contactIds },
      { provide: LINKS, useValue: ledger.links },
      { provide: RETURN_PATHS, useValue: ledger.returnPaths },
      { provide: PUBLIC_URL, useValue: ledger.publicUrl },
      { provide: POLICIES, useValue: ledger.policies },
      { provide: TEMPLATES, useValue: ledger.templates },
      { provide: TemplateCatalogue, useValue: catalogue },
      { provide: Preferences, useValue: ledger.preferences },
      { provide: MailingProgress, useValue: ledger.mailings },
      { provide: DueDates, useValue: ledger.dueDates },
      { provide: Requests, useValue: ledger.requests },
      { provide: ApiKeys, useValue: ledger.apiKeys },
    ];
    return {
      module: ApplicationModule,
      global: true,
      imports: [CqrsModule.forRoot()],
      providers: [...ports, ...services, ...handlers],
      exports: [...ports, ...services, CqrsModule],
    };
  }
}
