import { beginsAsUrl, ELEMENTS, faultOfAttribute, faultOfCss, isUrlAttribute } from './html-rules.js';
import type { TemplateFault } from './template-fault.js';
import type { Expression, TemplateNode } from './template-language.js';

/** Where in its HTML a template stands: between tags, in a title, or in a value between quotes. */
type Place = 'text' | 'title' | OpenValue;

interface OpenValue {
  readonly element: string;
  readonly attribute: string;
  readonly quote: string;
  /** What the value begins with, until something is filled in; then whether that may begin it. */
  begins: string;
  filled: boolean;
}

/**
 * What is wrong with the HTML of a template, whatever is filled in later: elements, attributes, links and styles that do not
 * belong in a mail (`html-rules.ts`), and values or blocks in a place where they could make one. Values may stand between
 * tags and in a quoted attribute, a link may begin only with an address or with `httpUrl`, and each block leaves the HTML
 * where it found it; so that what is judged here is what any reader gets.
 */
export function faultsOfHtml(nodes: readonly TemplateNode[]): TemplateFault[] {
  const scanner = new Scanner();
  scanner.nodes(nodes, false);
  scanner.end();
  return scanner.faults;
}

class Scanner {
  readonly faults: TemplateFault[] = [];
  private place: Place = 'text';
  private line = 1;
  /** Once the scanner has lost its place, all that follows would be judged wrong. */
  private lost = false;

  /** `safe` is whether `this` is a URL that `httpUrl` let through. */
  nodes(nodes: readonly TemplateNode[], safe: boolean): void {
    for (const node of nodes) {
      if (this.lost) return;
      this.line = node.line;
      this.node(node, safe);
    }
  }

  end(): void {
    if (this.lost || this.place === 'text') return;
    this.lose(
      this.place === 'title' ? 'does not close its title' : `does not close the quotes of ${this.place.attribute}`,
    );
  }

  private node(node: TemplateNode, safe: boolean): void {
    switch (node.kind) {
      case 'content':
        return this.content(node.text);
      case 'value':
        return this.value(node.expression, safe);
      case 'partial':
        if (this.place !== 'text') return this.lose(`calls ${node.name} inside a tag or a title`);
        return this.branch(node.block, false);
      case 'block':
        return this.block(node, safe);
    }
  }

  private block({ helper, subject, then, otherwise, line }: Extract<TemplateNode, { kind: 'block' }>, safe: boolean) {
    const { place } = this;
    if (typeof place === 'object') {
      if (place.attribute === 'style') return this.lose('has a block in a style: write the styles in the template');
      if (isUrlAttribute(place.attribute) && !place.filled && !beginsAsUrl(place.begins))
        return this.lose(`has a block where the link in ${place.attribute} begins: put the whole tag in the block`);
      place.filled = true;
    }
    this.branch(then, helper === 'with' ? isUrl(subject, false) : safe && helper !== 'each');
    this.line = line;
    this.branch(otherwise, safe);
  }

  private branch(nodes: readonly TemplateNode[], safe: boolean): void {
    const { place } = this;
    this.nodes(nodes, safe);
    if (!this.lost && this.place !== place)
      this.lose('has a block that opens or closes a tag, a quote or a title without its other end');
  }

  private value(expression: Expression, safe: boolean): void {
    const { place } = this;
    if (typeof place === 'string') return;
    if (place.attribute === 'style') return this.lose('fills in a style: write the styles in the template');
    if (isUrlAttribute(place.attribute) && !place.filled && !beginsAsUrl(place.begins)) {
      if (place.begins.trim() !== '' || !isUrl(expression, safe))
        this.refuse(
          `fills in where the link in ${place.attribute} begins: write {{httpUrl …}} there, or begin with https://`,
        );
    }
    place.filled = true;
  }

  private content(text: string): void {
    let rest = text;
    while (rest !== '' && !this.lost) rest = rest.slice(this.step(rest));
  }

  /** Takes the next piece of a text, and answers how long it was. */
  private step(text: string): number {
    if (typeof this.place === 'object') return this.inValue(text, this.place);
    if (this.place === 'title') return this.inTitle(text);
    const start = text.indexOf('<');
    if (start < 0) return this.pass(text);
    if (start > 0) return this.pass(text.slice(0, start));
    return this.markup(text);
  }

  private markup(text: string): number {
    const comment = /^<!--(?:>|->|[\s\S]*?--!?>)/.exec(text);
    if (comment) return this.pass(comment[0]);
    if (text.startsWith('<!--'))
      return this.lose('has an HTML comment in which something is filled in, or which does not end') ?? 1;
    const declaration = /^<!doctype[^>]*>/i.exec(text);
    if (declaration) return this.pass(declaration[0]);
    const closing = /^<\/([a-z][a-z0-9]*)\s*>/i.exec(text);
    if (closing) return this.pass(closing[0]);
    const opening = /^<([a-z][^\s/>]*)(?=[\s/>])/i.exec(text);
    if (opening) return this.tag(opening[1]!.toLowerCase(), text);
    if (/^<[\s\d.,;=<]/.test(text)) return this.pass('<');
    return (
      this.lose(
        'has a "<" that begins no tag, or one in which something is filled in: write &lt; for the sign itself',
      ) ?? 1
    );
  }

  private tag(element: string, text: string): number {
    if (!ELEMENTS.has(element))
      return this.lose(`has the element <${element.slice(0, 30)}>, which does not belong in a mail`) ?? 1;
    return this.attributes(element, text, element.length + 1);
  }

  /** Takes attributes from a position in a text until the tag ends, or a value in quotes is left open at the end of it. */
  private attributes(element: string, text: string, from: number): number {
    const attribute = /[\s/]*(?:(>)|([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)("?)|'([^']*)('?)|([^\s"'<>=`]+)(?=[\s>])))?)/y;
    attribute.lastIndex = from;
    for (;;) {
      const at = attribute.lastIndex;
      const found = attribute.exec(text);
      if (!found)
        return (
          this.lose(`has a tag <${element}> that does not end, or in which something is filled in outside quotes`) ?? 1
        );
      const [whole, end, name = '', double, doubleEnd, single, singleEnd, bare] = found;
      if (end !== undefined) return this.opened(element, text, from + this.pass(text.slice(from, at + whole.length)));
      const value = double ?? single ?? bare ?? '';
      const isOpen = (double !== undefined && doubleEnd === '') || (single !== undefined && singleEnd === '');
      const attributeName = name.toLowerCase();
      if (!isOpen) {
        this.judge(element, attributeName, value);
        continue;
      }
      this.judge(element, attributeName, beginsAsUrl(value) ? value : '');
      const quote = double === undefined ? "'" : '"';
      this.place = { element, attribute: attributeName, quote, begins: value, filled: false };
      if (element === 'meta' && attributeName === 'http-equiv') this.refuse('fills in what a meta element sets');
      return from + this.pass(text.slice(from));
    }
  }

  private inValue(text: string, place: OpenValue): number {
    const end = text.indexOf(place.quote);
    if (!place.filled) place.begins += end < 0 ? text : text.slice(0, end);
    if (end < 0) return this.pass(text);
    if (place.attribute === 'style') this.judge(place.element, 'style', place.begins);
    this.place = 'text';
    return this.attributes(place.element, text, this.pass(text.slice(0, end + 1)));
  }

  /** What follows a tag: a style and a title are no HTML inside. */
  private opened(element: string, text: string, from: number): number {
    if (element === 'title') this.place = 'title';
    if (element !== 'style') return from;
    const end = /<\/style\s*>/i.exec(text.slice(from));
    if (!end) return this.lose('has a style element that does not end, or in which something is filled in') ?? 1;
    const css = text.slice(from, from + end.index);
    const fault = css.includes('<') ? 'has a "<" in its style' : faultOfCss(css);
    if (fault) this.refuse(fault);
    this.pass(css);
    return from + end.index + end[0].length;
  }

  private inTitle(text: string): number {
    const start = text.indexOf('<');
    if (start < 0) return this.pass(text);
    const end = /^<\/title\s*>/i.exec(text.slice(start));
    if (!end) return this.lose('has a "<" in its title') ?? 1;
    this.place = 'text';
    return this.pass(text.slice(0, start + end[0].length));
  }

  private judge(element: string, name: string, value: string): void {
    const fault = faultOfAttribute(element, name, value);
    if (fault) this.refuse(fault);
  }

  private pass(text: string): number {
    this.line += text.split('\n').length - 1;
    return text.length;
  }

  private refuse(message: string): void {
    this.faults.push({ line: this.line, message });
  }

  private lose(message: string): undefined {
    this.refuse(message);
    this.lost = true;
  }
}

/** Whether an expression is a URL of http or https, or nothing. */
function isUrl(expression: Expression, safe: boolean): boolean {
  switch (expression.kind) {
    case 'literal':
      return typeof expression.value === 'string' && beginsAsUrl(expression.value);
    case 'path':
      return safe && expression.up === 0 && expression.names.length === 0;
    case 'data':
      return expression.names[0] === 'unsubscribeUrl';
    case 'call':
      return expression.helper === 'httpUrl';
  }
}
