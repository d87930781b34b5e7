/** A selector as far as it is looked at: compounds, the last of which is the element itself. */
type Selector = readonly Compound[];

interface Compound {
  readonly element: string | undefined;
  readonly names: readonly string[];
}

interface OpenElement {
  readonly element: string;
  readonly names: ReadonlySet<string>;
  readonly hidden: boolean;
}

const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));

/** No reader sees what stands in these. */
const UNSEEN = new Set(['head', 'title', 'style', 'script', 'template', 'noscript']);

/** What one piece of a document is: a comment, a tag, or text. Sticky, so that a piece is looked for where the last one ended. */
const PIECE =
  /(<!--(?:>|->|[\s\S]*?(?:--!?>|$)))|<(\/?)([a-z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^"'>])*)>|[^<]+|<(?![a-z/])|<\/(?![a-z])/iy;

/** More rules that hide, or elements in elements, no mail has: what stands beyond is taken for hidden. */
const MOST_SELECTORS = 200;
const DEEPEST = 300;

/** These end where the next of their kind begins. */
const ENDED_BY_THE_NEXT = new Set(['p', 'li', 'td', 'th', 'tr', 'dt', 'dd']);

/** A piece of HTML as it is written; of a tag also its name in small letters, and what stands in it. */
export interface HtmlPiece {
  readonly source: string;
  readonly kind: 'comment' | 'opening' | 'closing' | 'text';
  readonly element: string;
  readonly attributes: string;
}

/** The pieces of a document in their order. A tag that does not end swallows the rest, as it does in a browser. */
export function* piecesOf(html: string): Generator<HtmlPiece> {
  PIECE.lastIndex = 0;
  for (let at = 0; at < html.length;) {
    PIECE.lastIndex = at;
    const found = PIECE.exec(html);
    if (!found) return;
    const [source, comment, slash, name, attributes = ''] = found;
    at += source.length;
    const kind =
      comment !== undefined ? 'comment' : name === undefined ? 'text' : slash === '/' ? 'closing' : 'opening';
    yield { source, kind, element: name?.toLowerCase() ?? '', attributes };
  }
}

/** The value of an attribute of a tag; `undefined` when the tag has none of that name. */
export function attributeOf({ attributes }: HtmlPiece, name: string): string | undefined {
  return valueOf(attributes, name);
}

const HIDING = [
  /(?:^|[;\s])display\s*:\s*none/i,
  /(?:^|[;\s])visibility\s*:\s*(?:hidden|collapse)/i,
  /(?:^|[;\s])mso-hide\s*:\s*all/i,
  /(?:^|[;\s])opacity\s*:\s*0*\.?0*%?\s*(?:!|;|$)/i,
  /(?:^|[;\s])font-size\s*:\s*(?:[01]?(?:\.\d+)?(?:px|pt)?|0*\.?0\d*(?:r?em|%))\s*(?:!|;|$)/i,
  /(?:^|[;\s])(?:max-)?(?:height|width)\s*:\s*0*\.?0*(?:px|pt|em|rem|%)?\s*(?:!|;|$)/i,
  /(?:^|[;\s])color\s*:\s*transparent/i,
  /(?:^|[;\s])(?:text-indent|left|right|top|bottom|margin|margin-left|margin-top)\s*:\s*-\d{3}/i,
];

/**
 * The HTML without what its reader would not see: comments, the head, and elements that are hidden by an attribute, by their
 * own style or by a rule of the style sheet. What a media query hides, and text in the colour of its ground, is not found.
 */
export function visibleHtml(html: string): string {
  const hiding = hidingSelectors(html);
  const open: OpenElement[] = [];
  let visible = '';
  for (const { source, kind, element, attributes } of piecesOf(html)) {
    if (kind === 'comment') continue;
    if (kind === 'text') visible += open.at(-1)?.hidden ? '' : source;
    else if (kind === 'closing') visible += close(open, element) ? '' : source;
    else {
      if (ENDED_BY_THE_NEXT.has(element) && open.at(-1)?.element === element) open.pop();
      const opened = elementOf(element, attributes, open, hiding);
      if (!VOID.has(element)) open.push(opened);
      visible += opened.hidden ? '' : source;
    }
  }
  return visible;
}

/** Closes an element with all that was left open in it; answers whether it was hidden. */
function close(open: OpenElement[], element: string): boolean {
  const index = open.findLastIndex((one) => one.element === element);
  const hidden = open[index]?.hidden ?? open.at(-1)?.hidden ?? false;
  if (index >= 0) open.length = index;
  return hidden;
}

function elementOf(
  element: string,
  attributes: string,
  open: readonly OpenElement[],
  hiding: readonly Selector[],
): OpenElement {
  const names = new Set([
    ...(valueOf(attributes, 'class')?.split(/\s+/) ?? []).map((name) => `.${name}`),
    `#${valueOf(attributes, 'id') ?? ''}`,
  ]);
  const self = { element, names, hidden: false };
  const style = valueOf(attributes, 'style') ?? '';
  const hidden =
    open.at(-1)?.hidden === true ||
    open.length > DEEPEST ||
    hiding.length > MOST_SELECTORS ||
    UNSEEN.has(element) ||
    (attributes !== '' && /(?:^|\s)hidden(?=[\s=/]|$)/i.test(withoutValues(attributes))) ||
    (style !== '' && hides(style)) ||
    hiding.some((selector) => matches(selector, self, open));
  return { ...self, hidden };
}

function hides(declarations: string): boolean {
  return HIDING.some((pattern) => pattern.test(declarations));
}

/** The selectors of the style sheets' rules that hide, outside media queries; those with a combinator or a state are passed over. */
function hidingSelectors(html: string): Selector[] {
  const selectors: Selector[] = [];
  for (const [prelude, declarations] of styleSheetsOf(html).flatMap(rulesOf)) {
    if (!hides(declarations)) continue;
    for (const selector of prelude.split(',')) selectors.push(...selectorsOf(selector.trim()));
    if (selectors.length > MOST_SELECTORS) break;
  }
  return selectors;
}

function styleSheetsOf(html: string): string[] {
  const [, ...rest] = html.split(/<style\b[^>]*>/i);
  return rest.map((part) => part.split(/<\/style/i, 1)[0]!.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, ''));
}

/** The rules of a style sheet that stand in no other: what comes before the braces, and what stands in them. */
function rulesOf(css: string): [prelude: string, declarations: string][] {
  const rules: [string, string][] = [];
  let depth = 0;
  let start = 0;
  let opened = 0;
  for (const { 0: brace, index } of css.matchAll(/[{}]/g)) {
    if (brace === '{' && depth++ === 0) opened = index;
    if (brace === '{' || depth === 0 || --depth > 0) continue;
    const prelude = css.slice(start, opened).trim();
    if (!prelude.startsWith('@')) rules.push([prelude, css.slice(opened + 1, index)]);
    start = index + 1;
  }
  return rules;
}

/** One selector, or none where it says more than is understood. */
function selectorsOf(text: string): Selector[] {
  const compounds = text.split(/[\s>]+/).map((part) => /^(\*|[a-z][\w]*)?((?:[.#][\w-]+)*)$/i.exec(part));
  if (compounds.some((compound) => !compound)) return [];
  return [
    compounds.map((compound) => ({
      element: compound![1] === '*' ? undefined : compound![1]?.toLowerCase(),
      names: compound![2]!.match(/[.#][\w-]+/g) ?? [],
    })),
  ];
}

/** Whether an element inside these is what a selector means; `>` is taken for a space, which means more. */
function matches(selector: Selector, self: OpenElement, around: readonly OpenElement[]): boolean {
  if (!fits(selector.at(-1)!, self)) return false;
  let left = selector.length - 2;
  for (let index = around.length - 1; index >= 0 && left >= 0; index--)
    if (fits(selector[left]!, around[index]!)) left--;
  return left < 0;
}

function fits({ element, names }: Compound, open: OpenElement): boolean {
  return (element === undefined || element === open.element) && names.every((name) => open.names.has(name));
}

/** Attributes are looked for by a handful of names in every tag of every mail. */
const attributePatterns = new Map<string, RegExp>();

function valueOf(attributes: string, name: string): string | undefined {
  if (attributes === '') return undefined;
  let pattern = attributePatterns.get(name);
  if (!pattern) {
    pattern = new RegExp(`(?:^|[\\s"'/])${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i');
    attributePatterns.set(name, pattern);
  }
  const found = pattern.exec(attributes);
  return found ? (found[1] ?? found[2] ?? found[3]) : undefined;
}

function withoutValues(attributes: string): string {
  return attributes.replace(/"[^"]*"|'[^']*'/g, '""');
}
