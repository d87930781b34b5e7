import { setTimeout } from 'node:timers/promises';
import { CONFIGURATION } from '@consent-ledger/application';
import type { Configuration } from '@consent-ledger/platform';
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { BRANDING, readBranding } from './branding/branding.js';
import { ContactsController } from './contacts/contacts.controller.js';
import { DeliverabilityController } from './deliverability/deliverability.controller.js';
import { EligibilityController } from './eligibility/eligibility.controller.js';
import { ErasuresController } from './erasures/erasures.controller.js';
import { ExportController } from './exports/export.controller.js';
import { Facts } from './http/facts.js';
import { Limits } from './http/limits.js';
import { MediaTypeGuard } from './http/media-type.guard.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ImportsController } from './imports/imports.controller.js';
import { InboundController } from './inbound/inbound.controller.js';
import { mailReader } from './inbound/mail-reader.js';
import { LegalHoldsController } from './legal-holds/legal-holds.controller.js';
import { MailingsController } from './mailings/mailings.controller.js';
import { Consumers } from './operations/consumers.js';
import { ConsumersController } from './operations/consumers.controller.js';
import { DocsController } from './operations/docs.controller.js';
import { HealthController } from './operations/health.controller.js';
import { MetricsController } from './operations/metrics.controller.js';
import { OptInsController } from './opt-ins/opt-ins.controller.js';
import { OptOutsController } from './opt-outs/opt-outs.controller.js';
import { PoliciesController } from './policies/policies.controller.js';
import { AssetsController } from './recipients/assets.controller.js';
import { Assets, shippedStyles } from './recipients/assets.js';
import { ConfirmController } from './recipients/confirm.controller.js';
import { OptOutUndo } from './recipients/opt-out-undo.js';
import { Pages } from './recipients/pages.js';
import { PAUSE } from './recipients/even-answer.js';
import { PreferenceLinkController } from './recipients/preference-link.controller.js';
import { PreferencesController } from './recipients/preferences.controller.js';
import { ProblemPage } from './recipients/problem-page.js';
import { RecipientLinks } from './recipients/recipient-links.js';
import { RecipientsController } from './recipients/recipients.controller.js';
import { ReconsentController } from './recipients/reconsent.controller.js';
import { SubscribeController } from './recipients/subscribe.controller.js';
import { RelationshipsController } from './relationships/relationships.controller.js';
import { ReportPage } from './requests/report-page.js';
import { RequestsController } from './requests/requests.controller.js';
import { RestrictionsController } from './restrictions/restrictions.controller.js';
import { ApiKeyGuard } from './security/api-key.guard.js';
import { SimulationsController } from './simulations/simulations.controller.js';

import { TemplatePage } from './templates/template-page.js';
import { TemplatesController } from './templates/templates.controller.js';

const controllers = [
  OptInsController,
  OptOutsController,
  RelationshipsController,
  DeliverabilityController,
  RestrictionsController,
  LegalHoldsController,
  ErasuresController,
  EligibilityController,
  ContactsController,
  PoliciesController,
  MailingsController,
  TemplatesController,
  InboundController,
  ImportsController,
  ExportController,
  RequestsController,
  SimulationsController,
  RecipientsController,
  SubscribeController,
  ConfirmController,
  ReconsentController,
  PreferenceLinkController,
  PreferencesController,
  AssetsController,
  HealthController,
  MetricsController,
  ConsumersController,
  DocsController,
];

/** HTTP for the marketing tool, the recipient and the compliance officer. Needs the ApplicationModule beside it. */
@Module({
  controllers,
  providers: [
    { provide: PAUSE, useValue: setTimeout },
    Facts,
    Limits,
    Assets,
    Pages,
    {
      provide: BRANDING,
      inject: [CONFIGURATION],
      useFactory: ({ BRANDING_PATH }: Configuration) => readBranding(BRANDING_PATH, shippedStyles),
    },
    OptOutUndo,
    RecipientLinks,
    ProblemPage,
    ReportPage,
    TemplatePage,
    Consumers,
    mailReader,
    { provide: APP_GUARD, useClass: ApiKeyGuard },
    { provide: APP_GUARD, useClass: MediaTypeGuard },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
})
export class ApiModule {}
