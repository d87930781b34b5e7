import {
  occasionOf,
  POLICIES,
  type AccessReport,
  type AddressReport,
  type ReportLanguage,
} from '@consent-ledger/application';
import type { Json, JsonObject } from '@consent-ledger/event-store';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { documentHeaders } from '../http/safe-headers.js';
import { Assets } from '../recipients/assets.js';
import { purposeName } from '../recipients/purpose-names.js';
import { texts as pageTexts } from '../recipients/texts.js';
import { reportTexts, type ReportTexts } from './report-texts.js';

/** A report is for one person, and kept by nobody on the way. */
export const reportHeaders = { 'Cache-Control': 'no-store', Vary: 'Accept' };

/** An access report as a page that a person can read, keep and print: its style stands in it, and nothing runs. */
@Injectable()
export class ReportPage {
  private readonly styles: string;
  private readonly template = Handlebars.compile(readView('report.hbs'));

  constructor(
    assets: Assets,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
  ) {
    this.styles = assets.styles + readView('report.css');
  }

  /** The style is allowed by its hash, and nothing else is. */
  get headers(): Record<string, string> {
    const hash = createHash('sha256').update(this.styles).digest('base64');
    return {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'`,
      ...documentHeaders,
    };
  }

  render(report: AccessReport): string {
    const { language, policy } = report;
    const text = reportTexts[language];
    const judgedBy = this.policies.find(policy.id, policy.version)!;
    const day = dayIn(language, judgedBy.calendar.timeZone);
    const nameOf = (purpose: string) => purposeName(judgedBy, this.policies.history(), purpose, language) ?? purpose;
    return this.template({
      report,
      text,
      page: pageTexts[language],
      styles: this.styles,
      createdAt: day(report.createdAt),
      contacts: report.contacts.map((contact) => contactOf(contact, { text, day, nameOf })),
      countries: report.storageLocations.map((code) => countryIn(language, code)).join(', '),
    });
  }
}

interface Words {
  readonly text: ReportTexts;
  readonly day: (instant: string) => string;
  /** What a purpose is called, also one that the policy has dropped since. */
  readonly nameOf: (purpose: string) => string;
}

function contactOf(contact: AddressReport, words: Words) {
  const { text, day, nameOf } = words;
  const until = (instant: string | null) => (instant === null ? text.noEnd : day(instant));
  return {
    address: contact.addresses.join(', ') || text.erasedAddress,
    replaced: contact.replacedBy !== null,
    purposes: contact.purposes.map(({ name, description, eligible, reason, validUntil }) => ({
      name,
      description,
      allowed: eligible ? text.yes : text.no,
      why: lookUp(text.answers, reason),
      until: eligible ? until(validUntil) : '',
    })),
    history: contact.history.map((event) => ({
      day: day(event.occurredAt),
      what: lookUp(text.events, event.type),
      purposes: purposesIn(event.data, words),
      source: lookUp(text.sources, event.source.kind),
      notice: noticeOf(contact, event.eventId),
      erased: event.personal === 'erased',
      personal: typeof event.personal === 'object' && event.personal ? [...linesOf(event.personal, text)] : [],
    })),
    messages: contact.messages.map(({ mailingId, purpose, status, updatedAt }) => ({
      day: day(updatedAt),
      what: whatWasSent(mailingId, purpose, words),
      outcome: lookUp(text.deliveries, status),
    })),
    retention: contact.retention.map(({ ground, purpose, endsAt }) => ({
      ground: lookUp(text.grounds, ground),
      purpose: purpose && nameOf(purpose),
      until: until(endsAt),
    })),
    requests: contact.requests.map((request) => ({
      kind: lookUp(text.kinds, request.kind),
      receivedAt: day(request.receivedAt),
      answerBy: day(request.answerBy),
      status: text.statuses[request.status],
      disclosures: request.events
        .filter(({ type }) => type === 'PersonalDataDisclosed')
        .map(({ occurredAt, personal }) => ({ day: day(occurredAt), to: recipientIn(personal) ?? text.toYou })),
    })),
  };
}

/** The name of the purpose, or what the service sent by itself: that is for no purpose of the policy. */
function whatWasSent(mailingId: string, purpose: string, { text, nameOf }: Words): string {
  const occasion = occasionOf(mailingId);
  return occasion === 'mailing' ? nameOf(purpose) : text.ownMails[occasion];
}

/** The statement that was shown with an event, in the words that the person saw (P3). */
function noticeOf({ consentRecords }: AddressReport, eventId: string): string | undefined {
  const events = consentRecords.flatMap((record) => record.events);
  return events.find(({ evidence }) => evidence.event_id === eventId)?.notice?.text ?? undefined;
}

function recipientIn(personal: JsonObject | 'erased' | null): string | undefined {
  const to = typeof personal === 'object' ? personal?.['to'] : undefined;
  return typeof to === 'string' ? to : undefined;
}

function purposesIn({ purposes }: JsonObject, { text, nameOf }: Words): string {
  if (purposes === 'all') return text.all;
  if (!Array.isArray(purposes)) return '';
  return purposes.map((purpose) => nameOf(String(purpose))).join(', ');
}

/** What was sealed of the person, one line each, however deep it stood. */
function* linesOf(value: JsonObject, text: ReportTexts): Generator<{ label: string; value: string }> {
  for (const [name, part] of Object.entries(value))
    if (isObject(part)) yield* linesOf(part, text);
    else yield { label: lookUp(text.personal, name), value: typeof part === 'string' ? part : JSON.stringify(part) };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lookUp(words: Readonly<Record<string, string>>, name: string): string {
  return words[name] ?? name;
}

function dayIn(language: ReportLanguage, timeZone: string): (instant: string) => string {
  const format = new Intl.DateTimeFormat(language === 'nl' ? 'nl-NL' : 'en-GB', { dateStyle: 'long', timeZone });
  return (instant) => format.format(Date.parse(instant));
}

function countryIn(language: ReportLanguage, code: string): string {
  return new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code;
}

function readView(name: string): string {
  return readFileSync(new URL(`./views/${name}`, import.meta.url), 'utf8');
}
