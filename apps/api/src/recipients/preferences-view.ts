import type { OwnEvent, OwnPreferences, OwnPurpose } from '@consent-ledger/application';
import type { Policy, PolicyHistory } from '@consent-ledger/consent';
import { dateInWords, toRfc3339 } from '@consent-ledger/platform';
import type { Language } from './language.js';
import { listed, purposeName } from './purpose-names.js';
import { statementShownIn, type StatementView } from './statement-view.js';
import type { PageTexts } from './texts.js';

/** The preference page as it is shown; every text is there already, and nothing says who the person is. */
export interface PreferencesView {
  readonly notice: PreferenceNotice | undefined;
  /** Why nothing is sent for now, whatever is switched on. */
  readonly hindrance: HindranceView | undefined;
  readonly purposes: readonly PurposeView[];
  /** What who switches something on says, exactly; absent where nothing can be switched on. */
  readonly statement: StatementView | undefined;
  /** The revision that the page shows. */
  readonly revision: number;
  readonly history: readonly { readonly day: string; readonly instant: string; readonly sentence: string }[];
  readonly rights: RightsView;
}

/** What became of what was sent with the page before. */
export interface PreferenceNotice {
  readonly text: string;
  /** What was switched, in sentences. */
  readonly done: readonly string[];
  readonly isAlert: boolean;
}

interface HindranceView {
  readonly text: string;
  /**
   * How the person shows that mail arrives again; absent where that would change nothing. The link to this page does not: it
   * may have been mailed before the bounce. So who has nothing left to switch on is sent to where a mail proves it.
   */
  readonly remedy: { readonly [way in 'switchOn' | 'subscribe' | 'write']?: true } | undefined;
}

interface PurposeView {
  readonly purpose: string;
  readonly name: string;
  readonly description: string | undefined;
  /** How it stands and why, in words. */
  readonly standing: string;
  readonly isOn: boolean;
  readonly canSwitch: boolean;
}

interface RightsView {
  readonly access: string;
  readonly erasure: string;
  /** For correction, restriction, objection and a copy to take along. */
  readonly other: string;
  readonly authority: { readonly name: string; readonly url: string } | undefined;
}

/** What the words of a page are made of. */
export interface Wording {
  readonly language: Language;
  readonly texts: PageTexts;
  readonly history: PolicyHistory;
}

/** Makes a person's preferences ready for their page, in the page's language. */
export function preferencesView(own: OwnPreferences, words: Wording, notice?: PreferenceNotice): PreferencesView {
  const { policy, purposes, hindrance, revision } = own;
  const { language } = words;
  const text = words.texts.preferences;
  const statement = policy.subscriptionStatement;
  const views = purposes.map((one) => purposeView(one, policy, words));
  const canTurnOn = views.some(({ isOn, canSwitch }) => canSwitch && !isOn);
  return {
    notice,
    hindrance: hindrance && {
      text: withDate(text.hindrances[hindrance.reason], hindrance.since, policy, language),
      remedy: hindrance.reason === 'UNDELIVERABLE' ? remedyFor(canTurnOn, policy) : undefined,
    },
    purposes: views,
    statement: canTurnOn && statement ? statementShownIn(statement, language) : undefined,
    revision,
    history: own.history.map((event) => ({
      day: dateInWords(event.at, language, policy.calendar.timeZone),
      instant: toRfc3339(event.at),
      sentence: sentenceOf(event, policy, words),
    })),
    rights: rightsView(policy, words.texts),
  };
}

function remedyFor(canTurnOn: boolean, { subscriptionStatement }: Policy): HindranceView['remedy'] {
  if (canTurnOn) return { switchOn: true };
  return subscriptionStatement ? { subscribe: true } : { write: true };
}

/** How a person asks for what the law gives them, beside this page (P9). */
export function rightsView({ document, rights }: Policy, { preferences: text }: PageTexts): RightsView {
  const mailTo = (subject: string) => `mailto:${document.controller.email}?subject=${encodeURIComponent(subject)}`;
  return {
    access: mailTo(text.rights.accessSubject),
    erasure: mailTo(text.rights.erasureSubject),
    other: mailTo(text.rights.otherSubject),
    authority: rights?.authority,
  };
}

function purposeView(own: OwnPurpose, policy: Policy, { language, texts, history }: Wording): PurposeView {
  const { purpose, isOn, reason, since, isReported } = own;
  const text = texts.preferences;
  const standing: string = isReported && isOn ? text.standings.CONSENT_REPORTED : text.standings[reason];
  return {
    purpose,
    name: purposeName(policy, history, purpose, language) ?? purpose,
    description: policy.document.purposes[purpose]?.description[language],
    standing: `${isOn ? text.on : text.off} ${withDate(standing, since, policy, language)}`,
    isOn,
    canSwitch: canSwitch(own, policy),
  };
}

/** P1: service mail is no choice. */
function canSwitch({ purpose, isOn }: OwnPurpose, { purposes, subscriptionStatement }: Policy): boolean {
  if (!purposes.get(purpose)?.commercial) return false;
  return isOn || subscriptionStatement?.covers.includes(purpose) === true;
}

function withDate(text: string, at: number | undefined, { calendar }: Policy, language: Language): string {
  return at === undefined ? text : text.replace('{date}', dateInWords(at, language, calendar.timeZone));
}

function sentenceOf(event: OwnEvent, policy: Policy, words: Wording): string {
  const { events, sources } = words.texts.preferences;
  const sentence: string = event.isReported ? events.OptedInReported : events[event.type];
  return sentence
    .replace('{purposes}', namesOf(event.purposes, policy, words))
    .replace('{source}', sources[event.source]);
}

function namesOf(purposes: readonly string[] | 'all', policy: Policy, { language, texts, history }: Wording): string {
  if (purposes === 'all') return texts.preferences.all;
  const names = purposes.map((purpose) => purposeName(policy, history, purpose, language) ?? purpose);
  return listed(names, language) ?? '';
}

/** What a person changed on the page: only what they left otherwise than it was shown is an act. */
export interface Changes {
  readonly on: readonly string[];
  readonly off: readonly string[] | 'all';
}

/** Reads from a form what was changed; a purpose that no policy ever had is not read (P10). */
export function changesIn(fields: Readonly<Record<string, unknown>>, history: PolicyHistory): Changes {
  if (fields['all'] === 'no') return { on: [], off: 'all' };
  const names = new Set(history.flatMap(({ policy }) => commercialIn(policy)));
  const wants = (name: string) => [fields[`wants.${name}`]].flat().includes('yes');
  const wasShown = (state: 'on' | 'off') => (name: string) => fields[`shown.${name}`] === state;
  return {
    on: [...names].filter(wasShown('off')).filter(wants),
    off: [...names].filter(wasShown('on')).filter((name) => !wants(name)),
  };
}

function commercialIn({ purposes }: Policy): string[] {
  return [...purposes.values()].filter(({ commercial }) => commercial).map(({ name }) => name);
}

/** The revision that the page of this form showed; `undefined` when the form does not say. */
export function revisionIn({ revision }: Readonly<Record<string, unknown>>): number | undefined {
  return typeof revision === 'string' && /^\d{1,15}$/.test(revision) ? Number(revision) : undefined;
}

/** What was switched, as the page tells it. */
export function tellChanges({ on, off }: Changes, policy: Policy, words: Wording): string[] {
  const { turnedOn, turnedOff } = words.texts.preferences;
  const tell = (label: string, purposes: readonly string[] | 'all') =>
    purposes.length === 0 ? [] : [`${label} ${namesOf(purposes, policy, words)}.`];
  return [...tell(turnedOn, on), ...tell(turnedOff, off)];
}
