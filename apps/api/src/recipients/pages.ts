import { readFileSync } from 'node:fs';
import { CLOCK, POLICIES } from '@consent-ledger/application';
import { policyInForce } from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import type { Language } from './language.js';
import type { QuestionView } from './reconsent-view.js';
import { texts } from './texts.js';

export type PageName =
  | 'unsubscribe'
  | 'unsubscribed'
  | 'undone'
  | 'confirm'
  | 'confirmed'
  | 'overtaken'
  | 'reconsent'
  | 'reconsented'
  | 'damaged'
  | 'busy';

/** These tell what a POST did, as does every page with an undo on it. A switch on them would be a GET: it would show the page before, as if nothing were done. */
const outcomes = new Set<PageName>(['unsubscribed', 'undone', 'confirmed', 'overtaken', 'reconsented']);

/** What a page is told beside its texts; nothing that says who the person is. */
export interface PageContext {
  readonly purpose?: string | undefined;
  readonly all?: boolean;
  readonly undo?: string | undefined;
  readonly question?: QuestionView;
}

/** The recipients' pages, rendered here: no script, no third party, Dutch and English. */
@Injectable()
export class Pages {
  readonly styles = readView('pages.css');
  readonly icon = readView('icon.svg');
  private readonly layout = Handlebars.compile(readView('layout.hbs'), { strict: false });
  private readonly partials = { undo: Handlebars.compile(readView('undo.hbs')) };
  private readonly bodies = new Map<PageName, Handlebars.TemplateDelegate>();

  constructor(
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  render(page: PageName, language: Language, context: PageContext): string {
    const text = texts[language];
    const now = this.clock.now();
    const { controller } = policyInForce(this.policies.history(), now, now).document;
    const body = this.bodyOf(page)({ ...context, text, texts: text[page], controller }, { partials: this.partials });
    const tellsOfAnAct = outcomes.has(page) || context.undo !== undefined;
    const other = tellsOfAnAct ? undefined : language === 'nl' ? 'en' : 'nl';
    const title = page === 'reconsent' ? context.question!.title : text[page].title;
    return this.layout({ language, other, text, title, body, controller });
  }

  private bodyOf(page: PageName): Handlebars.TemplateDelegate {
    let body = this.bodies.get(page);
    if (!body) this.bodies.set(page, (body = Handlebars.compile(readView(`${page}.hbs`))));
    return body;
  }
}

function readView(name: string): string {
  return readFileSync(new URL(`./views/${name}`, import.meta.url), 'utf8');
}
