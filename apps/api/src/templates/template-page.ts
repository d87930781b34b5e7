import type { RenderedTemplate, TemplateAnswer } from '@consent-ledger/application';
import { dateInWords } from '@consent-ledger/platform';
import { Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import { readFileSync } from 'node:fs';
import { documentHeaders } from '../http/safe-headers.js';

/** A version of a template, and how it looks with its sample. */
export interface ShownTemplate {
  readonly template: TemplateAnswer;
  readonly preview: RenderedTemplate & { readonly language: string };
  readonly lastVersion: number;
}

/** So many versions are linked to, the latest ones. */
const LINKED_VERSIONS = 8;

/** A template as a page for whoever writes it: the mail at the width of a phone and of a desk, its text, and what is amiss. */
@Injectable()
export class TemplatePage {
  private readonly template = Handlebars.compile(readView('template.hbs'));
  private readonly styles = readView('template.css');

  /** Frames hold the mail: they inherit this policy and a sandbox, so that nothing in it runs or is loaded from elsewhere. */
  readonly headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy':
      "default-src 'none'; style-src 'unsafe-inline'; frame-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ...documentHeaders,
  } as const;

  render({ template, preview, lastVersion }: ShownTemplate): string {
    const { id, version, kind, publishedAt, languages } = template;
    const { language, subject, html, text, bytes, warnings } = preview;
    return this.template({
      styles: this.styles,
      id,
      version,
      kind,
      publishedOn: dateInWords(Date.parse(publishedAt), 'en', 'UTC'),
      languages: Object.keys(languages).map((one) => ({ language: one, version, isShown: one === language })),
      versions: versionsUpTo(lastVersion).map((one) => ({ language, version: one, isShown: one === version })),
      language,
      subject,
      html,
      text,
      size: `${(bytes.html / 1024).toFixed(1)} KB of HTML, ${(bytes.text / 1024).toFixed(1)} KB of text`,
      warnings,
    });
  }
}

function versionsUpTo(last: number): number[] {
  return Array.from({ length: Math.min(last, LINKED_VERSIONS) }, (_, index) => last - index);
}

function readView(name: string): string {
  return readFileSync(new URL(`./views/${name}`, import.meta.url), 'utf8');
}
