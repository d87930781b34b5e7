import { requestKinds } from './request-kinds.js';
import { createCalendar, isTimeZone, type Calendar } from './calendar.js';
import type { Instant } from './instant.js';
import { parseClockTime, parsePeriod, type Period } from './period.js';

/** Texts by language tag (`nl`, `en`). */
export type Texts = Readonly<Record<string, string>>;

/** A policy as it is written down and published: everything in it is data (rules.md). Periods are ISO 8601 (`P3Y`). */
export interface PolicyDocument {
  readonly id: string;
  readonly version: number;
  /** RFC 3339; the policy is in force from this instant until a later one is. */
  readonly inForceFrom: string;
  /** IANA zone in which periods are added. */
  readonly timeZone: string;
  readonly controller: {
    readonly name: string;
    readonly postalAddress: string;
    readonly email: string;
    readonly privacyPolicyUrl: string;
  };
  readonly purposes: Readonly<Record<string, PurposeDocument>>;
  readonly softOptIn?: SoftOptInDocument;
  readonly serviceMail: { readonly whenRestricted: 'allow' | 'deny' };
  readonly statements: readonly StatementDocument[];
  /** P5: how a person is asked again; without it nobody is. */
  readonly reconsent?: ReconsentDocument;
  /** P3: how a person subscribes on the service's own form; by default on the first statement that does not ask again. */
  readonly subscribe?: SubscribeDocument;
  readonly retention: RetentionDocument;
  /** P9: how requests of data subjects are answered; without it none can be received. */
  readonly rights?: RightsDocument;
  /** An act that repeats one of the same kind within this period is the same act sent twice. */
  readonly sameActWithin: string;
}

export interface PurposeDocument {
  readonly kind: 'commercial' | 'operational';
  readonly name: Texts;
  readonly description: Texts;
  /** How long consent holds; absent for operational purposes, and for consent that holds until it is withdrawn. */
  readonly consent?: ConsentTermDocument;
}

export interface ConsentTermDocument {
  /** P5: the consent is to be renewed this long after the moment named by `renewFrom`. */
  readonly renewAfter?: string;
  /** P5: what starts the clock of renewal: the consent itself, or the last contact from the person; `given` if absent. */
  readonly renewFrom?: RenewFrom;
  /** P5: the prompt falls due when the consent is to be renewed, and the consent stays valid this long after it. */
  readonly answerWindow?: string;
  /** P5: the prompt falls due this long before the consent ends, in place of an answer window after it. */
  readonly promptBefore?: string;
  /** P5: one reminder falls due this long after the prompt. */
  readonly reminderAfter?: string;
  /** P6: the consent holds this long after the last contact from the person. */
  readonly afterLastContact?: string;
  /** P6: which relationship facts count as a contact from the person, for either clock. */
  readonly movedBy?: readonly ContactKind[];
}

export type RenewFrom = 'given' | 'last-contact';

/** The kinds of relationship fact that may move a clock that starts at the last contact. */
export type ContactKind = 'contact' | 'purchase' | 'customer-started';

export interface SoftOptInDocument {
  readonly purposes: readonly string[];
  /** P2: each must be on record for the customer relationship. */
  readonly conditions: readonly string[];
  /** P2: it holds this long after the agreement ended. */
  readonly holdsAfterEnd: string;
}

export interface StatementDocument {
  readonly id: string;
  readonly version: number;
  readonly covers: readonly string[];
  readonly texts: Texts;
  /** SHA-256 of each text, in hex: what a proof of consent names as the content that was shown (P3). */
  readonly hashes: Texts;
}

/** P5: the id of the statement on which a person renews consent, in its last version. */
export interface ReconsentDocument {
  readonly statement: string;
}

/** P3: the id of the statement on which a person subscribes on the service's own form, in its last version. */
export interface SubscribeDocument {
  readonly statement: string;
}

/** P7 and P8: how long each ground holds personal data. */
export interface RetentionDocument {
  readonly consentProof: { readonly period: string; readonly from: ProofFrom };
  /** A request for an opt-in that nobody confirmed, from the request; `P4W` if absent. */
  readonly unconfirmed?: string;
  readonly agreementEnded: string;
  readonly purchase: string;
  readonly salesContact: string;
  readonly inactive: string;
  readonly recording: string;
}

/** P9: how requests of data subjects are answered, and what an answer to one tells beside what is on record. */
export interface RightsDocument {
  readonly answerWithin: string;
  readonly extendableBy: string;
  /** The kinds of request while which is judged processing is restricted. */
  readonly restrictsWhileJudged: readonly string[];
  /** Why a request may be refused, by the name that an event gives it. */
  readonly refusalGrounds: Readonly<Record<string, Texts>>;
  /** Where a person can complain. */
  readonly authority: { readonly name: string; readonly url: string };
  /** ISO 3166-1 codes of the countries whose law applies, and in which the data is kept. */
  readonly jurisdiction: string;
  readonly storageLocations: readonly string[];
  /** Who else is given personal data. */
  readonly recipients: readonly Texts[];
}

/** P7: the day from which the proof of a consent is kept. */
export type ProofFrom = 'ended' | 'given';

/** One thing wrong with a policy document: where (a JSON pointer) and what. */
export interface PolicyFault {
  readonly path: string;
  readonly message: string;
}

/** A policy made ready to judge by: periods parsed, calendar built. */
export interface Policy {
  readonly id: string;
  readonly version: number;
  readonly inForceFrom: Instant;
  readonly calendar: Calendar;
  readonly document: PolicyDocument;
  readonly purposes: ReadonlyMap<string, Purpose>;
  readonly serviceMailWhenRestricted: boolean;
  /** P5: the statement on which a person renews consent, in its last version. */
  readonly renewalStatement: StatementDocument | undefined;
  /** P3: the statement on which a person subscribes on the service's own form; `undefined` where there is no such form. */
  readonly subscriptionStatement: StatementDocument | undefined;
  /** In milliseconds. */
  readonly sameActWithin: number;
  readonly retention: RetentionTerms;
  readonly rights: RightsTerms | undefined;
}

/** P9: how requests of data subjects are answered. */
export interface RightsTerms extends Omit<RightsDocument, 'answerWithin' | 'extendableBy'> {
  readonly answerWithin: Period;
  readonly extendableBy: Period;
}

/** P7 and P8: how long each ground holds personal data. */
export interface RetentionTerms {
  readonly consentProof: { readonly period: Period; readonly from: ProofFrom };
  readonly unconfirmed: Period;
  readonly agreementEnded: Period;
  readonly purchase: Period;
  readonly salesContact: Period;
  readonly inactive: Period;
  readonly recording: Period;
}

export interface Purpose {
  readonly name: string;
  readonly commercial: boolean;
  readonly renewAfter: Period | undefined;
  readonly renewFrom: RenewFrom;
  readonly answerWindow: Period | undefined;
  /** P5: the prompt falls due this long before the consent lapses; without it when `renewAfter` has passed. */
  readonly promptBefore: Period | undefined;
  readonly reminderAfter: Period | undefined;
  readonly afterLastContact: Period | undefined;
  readonly movedBy: readonly ContactKind[];
  /** P7: how long consent holds at most, when its proof is kept from the day it was given. */
  readonly proofKept: Period | undefined;
  readonly softOptIn: SoftOptInTerms | undefined;
}

export interface SoftOptInTerms {
  readonly conditions: readonly string[];
  readonly holdsAfterEnd: Period;
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const PURPOSE_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** `all` stands for every commercial purpose; `constructor` is a name that every plain object has already. */
const RESERVED_NAMES = ['all', 'constructor'];
/** P7: how long an unconfirmed request is held under a document that does not say, as those from before the term do not. */
const UNCONFIRMED = 'P4W';
/** In days. */
const SHORTEST_MONTH = 28;
const LONGEST_MONTH = 31;

/** What a policy document means beyond its shape: names that point nowhere, periods and dates that do not parse. */
export function checkPolicy(document: PolicyDocument): PolicyFault[] {
  const faults: PolicyFault[] = [];
  const fault = (path: string, message: string) => faults.push({ path, message });
  const period = (path: string, text: string | undefined) => {
    if (text !== undefined && !parsePeriod(text))
      fault(path, `"${text}" is not an ISO 8601 period such as P1Y or P10D`);
  };
  const purpose = (path: string, name: string) => {
    const found = Object.hasOwn(document.purposes, name) ? document.purposes[name] : undefined;
    if (!found) fault(path, `"${name}" is not one of the purposes: ${Object.keys(document.purposes).join(', ')}`);
    else if (found.kind !== 'commercial') fault(path, `"${name}" is not a commercial purpose`);
  };

  if (Number.isNaN(Date.parse(document.inForceFrom)) || !RFC_3339.test(document.inForceFrom))
    fault('/inForceFrom', 'must be an RFC 3339 instant with an offset, such as 2027-01-01T00:00:00+01:00');
  if (!isTimeZone(document.timeZone)) fault('/timeZone', `"${document.timeZone}" is not an IANA time zone`);

  for (const [name, { kind, consent = {} }] of Object.entries(document.purposes)) {
    if (!PURPOSE_NAME.test(name) || RESERVED_NAMES.includes(name))
      fault(`/purposes/${escaped(name)}`, 'a purpose is named in kebab-case, and not "all" or "constructor"');
    const path = `/purposes/${escaped(name)}/consent`;
    for (const term of ['renewAfter', 'answerWindow', 'promptBefore', 'reminderAfter', 'afterLastContact'] as const)
      period(`${path}/${term}`, consent[term]);
    if (kind === 'operational' && Object.keys(consent).length > 0)
      fault(path, 'an operational purpose needs no consent: remove it');
    for (const { path: term, message } of meaninglessTerms(consent)) fault(path + term, message);
  }

  const { softOptIn, statements, retention } = document;
  softOptIn?.purposes.forEach((name, index) => purpose(`/softOptIn/purposes/${index}`, name));
  period('/softOptIn/holdsAfterEnd', softOptIn?.holdsAfterEnd);

  statements.forEach((statement, index) => {
    const path = `/statements/${index}`;
    statement.covers.forEach((name, at) => purpose(`${path}/covers/${at}`, name));
    if (statements.findIndex(({ id, version }) => id === statement.id && version === statement.version) < index)
      fault(path, `statement "${statement.id}" version ${statement.version} appears twice`);
  });

  for (const { path, message } of reconsentFaults(document)) fault(path, message);
  for (const { path, message } of subscribeFaults(document)) fault(path, message);

  if (parseClockTime(document.sameActWithin) === undefined)
    fault('/sameActWithin', `"${document.sameActWithin}" is not an ISO 8601 length of time such as PT10M or PT30S`);
  const { consentProof, ...grounds } = retention;
  period('/retention/consentProof/period', consentProof.period);
  for (const [ground, text] of Object.entries<string>(grounds)) period(`/retention/${ground}`, text);
  period('/rights/answerWithin', document.rights?.answerWithin);
  period('/rights/extendableBy', document.rights?.extendableBy);
  for (const { path, message } of rightsFaults(document.rights)) fault(path, message);
  return faults;
}

/** Terms that parse, each for itself, but say nothing or contradict each other where they stand together. */
function meaninglessTerms(consent: ConsentTermDocument): PolicyFault[] {
  const { renewAfter, renewFrom, answerWindow, promptBefore, reminderAfter, afterLastContact, movedBy } = consent;
  const faults: PolicyFault[] = [];
  const fault = (term: keyof ConsentTermDocument, message: string) => faults.push({ path: `/${term}`, message });
  const fromLastContact = renewFrom === 'last-contact';

  if (renewFrom !== undefined && renewAfter === undefined) fault('renewFrom', 'has no meaning without renewAfter');
  if (fromLastContact && !movedBy?.length)
    fault('renewFrom', 'has no meaning without movedBy: name the contacts that start the clock');
  if (answerWindow !== undefined && renewAfter === undefined)
    fault('answerWindow', 'has no meaning without renewAfter');
  if (promptBefore !== undefined && renewAfter === undefined)
    fault('promptBefore', 'has no meaning without renewAfter');
  if (promptBefore !== undefined && answerWindow !== undefined)
    fault('promptBefore', 'contradicts answerWindow: a prompt falls due before the consent ends, or opens a window');
  if (reminderAfter !== undefined && (answerWindow ?? promptBefore) === undefined)
    fault('reminderAfter', 'has no meaning without answerWindow or promptBefore');
  if (movedBy !== undefined && afterLastContact === undefined && !fromLastContact)
    fault('movedBy', 'has no meaning without afterLastContact, or renewFrom: last-contact');
  if (neverShorter(promptBefore, renewAfter))
    fault('promptBefore', `a prompt ${promptBefore} before the end falls due before the clock of ${renewAfter} starts`);
  if (neverShorter(reminderAfter, answerWindow ?? promptBefore))
    fault('reminderAfter', `a reminder after ${reminderAfter} falls due when there is no time left to answer`);
  return faults;
}

/** P5: what is asked about must stand in the statement that is shown, or no answer could count (P3). */
function reconsentFaults({ reconsent, statements, purposes }: PolicyDocument): PolicyFault[] {
  if (!reconsent) return [];
  const path = '/reconsent/statement';
  const shown = lastVersion(statements, reconsent.statement);
  if (!shown) return [{ path, message: `"${reconsent.statement}" is not one of the statements` }];
  return Object.entries(purposes)
    .filter(([name, { consent }]) => (consent?.answerWindow ?? consent?.promptBefore) && !shown.covers.includes(name))
    .map(([name]) => ({
      path,
      message: `version ${shown.version} does not cover "${name}", about which it is to ask`,
    }));
}

/** P3: a form on which nothing can be ticked is none. */
function subscribeFaults({ subscribe, statements }: PolicyDocument): PolicyFault[] {
  if (!subscribe) return [];
  const path = '/subscribe/statement';
  const shown = lastVersion(statements, subscribe.statement);
  if (!shown) return [{ path, message: `"${subscribe.statement}" is not one of the statements` }];
  if (shown.covers.length === 0)
    return [{ path, message: `version ${shown.version} covers no purpose to subscribe to` }];
  return [];
}

/** P9: a refusal needs a ground, and a request that is never judged needs no restriction. */
function rightsFaults(rights: RightsDocument | undefined): PolicyFault[] {
  if (!rights) return [];
  const unknown = rights.restrictsWhileJudged.filter((kind) => !(requestKinds as readonly string[]).includes(kind));
  const faults = unknown.map((kind) => ({
    path: '/rights/restrictsWhileJudged',
    message: `"${kind}" is not one of the kinds of request: ${requestKinds.join(', ')}`,
  }));
  if (Object.keys(rights.refusalGrounds).length === 0)
    faults.push({ path: '/rights/refusalGrounds', message: 'names no ground: no request could be refused' });
  return faults;
}

function compileRights(rights: RightsDocument | undefined): RightsTerms | undefined {
  if (!rights) return undefined;
  return {
    ...rights,
    answerWithin: parsePeriod(rights.answerWithin)!,
    extendableBy: parsePeriod(rights.extendableBy)!,
  };
}

function subscriptionStatement({ subscribe, reconsent, statements }: PolicyDocument): StatementDocument | undefined {
  const first = statements.find(({ id, covers }) => id !== reconsent?.statement && covers.length > 0);
  const wanted = subscribe?.statement ?? first?.id;
  const shown = wanted === undefined ? undefined : lastVersion(statements, wanted);
  return shown && shown.covers.length > 0 ? shown : undefined;
}

function lastVersion(statements: readonly StatementDocument[], wanted: string): StatementDocument | undefined {
  const versions = statements.filter(({ id }) => id === wanted);
  return versions.sort((a, b) => b.version - a.version)[0];
}

/** Whether the first period is as long as the second, or longer, wherever in the calendar they start. */
function neverShorter(first: string | undefined, second: string | undefined): boolean {
  const [a, b] = [optionalPeriod(first), optionalPeriod(second)];
  if (!a || !b) return false;
  const months = a.months - b.months;
  return months * (months < 0 ? LONGEST_MONTH : SHORTEST_MONTH) + a.days - b.days >= 0;
}

/** Makes a document ready to judge by. Throws `RangeError` when `checkPolicy` finds a fault in it. */
export function compilePolicy(document: PolicyDocument): Policy {
  const [first] = checkPolicy(document);
  if (first) throw new RangeError(`Policy ${document.id} version ${document.version}: ${first.path} ${first.message}`);
  return {
    id: document.id,
    version: document.version,
    inForceFrom: Date.parse(document.inForceFrom),
    calendar: createCalendar(document.timeZone),
    document,
    purposes: new Map(Object.entries(document.purposes).map((entry) => [entry[0], compilePurpose(document, ...entry)])),
    serviceMailWhenRestricted: document.serviceMail.whenRestricted === 'allow',
    renewalStatement: document.reconsent && lastVersion(document.statements, document.reconsent.statement),
    subscriptionStatement: subscriptionStatement(document),
    sameActWithin: parseClockTime(document.sameActWithin)!,
    retention: compileRetention(document.retention),
    rights: compileRights(document.rights),
  };
}

function compileRetention({ consentProof, ...grounds }: RetentionDocument): RetentionTerms {
  return {
    consentProof: { period: parsePeriod(consentProof.period)!, from: consentProof.from },
    unconfirmed: parsePeriod(grounds.unconfirmed ?? UNCONFIRMED)!,
    agreementEnded: parsePeriod(grounds.agreementEnded)!,
    purchase: parsePeriod(grounds.purchase)!,
    salesContact: parsePeriod(grounds.salesContact)!,
    inactive: parsePeriod(grounds.inactive)!,
    recording: parsePeriod(grounds.recording)!,
  };
}

function compilePurpose(document: PolicyDocument, name: string, { kind, consent }: PurposeDocument): Purpose {
  const { softOptIn, retention } = document;
  return {
    name,
    commercial: kind === 'commercial',
    renewAfter: optionalPeriod(consent?.renewAfter),
    renewFrom: consent?.renewFrom ?? 'given',
    answerWindow: optionalPeriod(consent?.answerWindow),
    promptBefore: optionalPeriod(consent?.promptBefore),
    reminderAfter: optionalPeriod(consent?.reminderAfter),
    afterLastContact: optionalPeriod(consent?.afterLastContact),
    movedBy: consent?.movedBy ?? [],
    proofKept: retention.consentProof.from === 'given' ? parsePeriod(retention.consentProof.period) : undefined,
    softOptIn: softOptIn?.purposes.includes(name)
      ? { conditions: softOptIn.conditions, holdsAfterEnd: parsePeriod(softOptIn.holdsAfterEnd)! }
      : undefined,
  };
}

/** A name as a JSON pointer writes it (RFC 6901 §3). */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function optionalPeriod(text: string | undefined): Period | undefined {
  return text === undefined ? undefined : parsePeriod(text);
}
