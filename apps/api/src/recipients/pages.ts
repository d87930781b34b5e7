import { readFileSync } from 'node:fs';
import { CLOCK, currentPolicy, POLICIES, PUBLIC_URL } from '@consent-ledger/application';
import { newId, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import { BRANDING, type Branding } from '../branding/branding.js';
import { Assets } from './assets.js';
import type { ConfirmationView } from './confirm-view.js';
import type { Language } from './language.js';
import type { PreferencesView } from './preferences-view.js';
import type { QuestionView } from './reconsent-view.js';
import type { SubscribeView } from './subscribe-view.js';
import type { PageTexts } from './texts.js';

export type PageName =
  | 'subscribe'
  | 'subscribed'
  | 'noSubscription'
  | 'unsubscribe'
  | 'unsubscribed'
  | 'undone'
  | 'stillStopped'
  | 'confirm'
  | 'confirmed'
  | 'overtaken'
  | 'reconsent'
  | 'reconsented'
  | 'preferenceLink'
  | 'preferenceLinkAsked'
  | 'preferences'
  | 'noPreferences'
  | 'tooOld'
  | 'damaged'
  | 'tooMany'
  | 'busy'
  | 'unavailable'
  | 'partlySaved';

/** These tell what a POST did, as does every page with an undo on it. A switch on them would be a GET: it would show the page before, as if nothing were done. */
const outcomes = new Set<PageName>([
  'subscribed',
  'unsubscribed',
  'undone',
  'stillStopped',
  'confirmed',
  'overtaken',
  'reconsented',
  'preferenceLinkAsked',
]);

/** The sign above what a page tells, for who does not read it all: it is done, look in your mail, or it went otherwise. */
const tones = new Map<PageName, 'done' | 'mail' | 'stop'>([
  ['subscribed', 'mail'],
  ['preferenceLinkAsked', 'mail'],
  ['unsubscribed', 'done'],
  ['undone', 'done'],
  ['confirmed', 'done'],
  ['reconsented', 'done'],
  ['overtaken', 'stop'],
  ['stillStopped', 'stop'],
  ['noSubscription', 'stop'],
  ['noPreferences', 'stop'],
  ['tooOld', 'stop'],
  ['damaged', 'stop'],
  ['tooMany', 'stop'],
  ['busy', 'stop'],
  ['unavailable', 'stop'],
  ['partlySaved', 'stop'],
]);

/** The view of every page that tells of a problem and no more. */
const PROBLEM = 'problem';
const problems = new Set<PageName>(['damaged', 'tooMany', 'busy', 'unavailable', 'partlySaved']);

/** What a page is told beside its texts; nothing that says who the person is, but what they typed themselves just now. */
export interface PageContext {
  readonly purpose?: string | undefined;
  readonly all?: boolean;
  readonly undo?: string | undefined;
  /** What the person has stopped still, in words. */
  readonly stopped?: string | undefined;
  readonly question?: QuestionView;
  readonly subscription?: SubscribeView;
  /** The address that was filled in on the page before. */
  readonly address?: string;
  readonly confirmation?: ConfirmationView;
  /** The page is only looked at: what it tells of was not done just now. */
  readonly isVisit?: boolean;
  /** What the page tells of was done before. */
  readonly isDoneAlready?: boolean;
  /** What is wrong with the address that was filled in. */
  readonly mistake?: string;
  readonly preferences?: PreferencesView;
  readonly rights?: PreferencesView['rights'];
  /** What became of a form that was sent with a link that has expired. */
  readonly late?: { readonly isStopped?: boolean; readonly isRefused?: boolean };
}

/** The recipients' pages, rendered here: no script, no third party, Dutch and English. */
@Injectable()
export class Pages {
  /** The path under which recipients reach the service; empty where that is the root. */
  private readonly base: string;
  private readonly layout = Handlebars.compile(readView('layout.hbs'));
  private readonly partials = Object.fromEntries(
    ['undo', 'purposes', 'rights', 'ask-preferences'].map((name) => [name, compiled(name)]),
  );
  private readonly bodies = new Map<PageName, Handlebars.TemplateDelegate>();

  constructor(
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) publicUrl: string,
    @Inject(BRANDING) private readonly branding: Branding,
    private readonly assets: Assets,
  ) {
    this.base = new URL(publicUrl).pathname.replace(/\/+$/, '');
  }

  textsIn(language: Language): PageTexts {
    return this.branding.texts[language];
  }

  render(page: PageName, language: Language, context: PageContext): string {
    const text = this.textsIn(language);
    const { controller } = currentPolicy(this.policies, this.clock).document;
    const body = this.bodyOf(page)(
      { ...context, form: newId(), language, text, texts: text[page], controller, base: this.base },
      { partials: this.partials },
    );
    const isRefused = context.subscription?.isRefused === true || context.mistake !== undefined;
    const tellsOfAnAct =
      (outcomes.has(page) && context.isVisit !== true) ||
      context.undo !== undefined ||
      context.late?.isStopped === true ||
      isRefused;
    const other = tellsOfAnAct ? undefined : language === 'nl' ? 'en' : 'nl';
    const title = page === 'reconsent' ? context.question!.title : text[page].title;
    return this.layout({
      language,
      other,
      text,
      title: `${prefixOf(context, text)}${title}`,
      tone: tones.get(page),
      body,
      controller,
      sender: this.branding.name ?? controller.name,
      assets: this.assets.names,
      base: this.base,
    });
  }

  private bodyOf(page: PageName): Handlebars.TemplateDelegate {
    let body = this.bodies.get(page);
    if (!body) this.bodies.set(page, (body = compiled(problems.has(page) ? PROBLEM : page)));
    return body;
  }
}

/** What became of what was sent stands first in the title, which a screen reader reads before anything else. */
function prefixOf({ subscription, mistake, question, preferences }: PageContext, text: PageTexts): string {
  const notice = preferences?.notice;
  const told = [mistake, question?.note];
  const isRefused =
    subscription?.isRefused === true || notice?.isAlert === true || told.some((said) => said !== undefined);
  if (isRefused) return `${text.mistakeInTitle} `;
  return notice && notice.done.length > 0 ? `${text.savedInTitle} ` : '';
}

function compiled(name: string): Handlebars.TemplateDelegate {
  return Handlebars.compile(readView(`${name}.hbs`));
}

function readView(name: string): string {
  return readFileSync(new URL(`./views/${name}`, import.meta.url), 'utf8');
}
