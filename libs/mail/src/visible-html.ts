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

const TOKEN = /<!--(?:>|->|[\s\S]*?(?:--!?>|$))|<(\/?)([a-z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^"'>])*)>|[^<]+|</gi;

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
  for (const [token, slash, name, attributes = ''] of html.matchAll(TOKEN)) {
    if (token.startsWith('<!--')) continue;
    const element = name?.toLowerCase();
    if (element === undefined) visible += open.at(-1)?.hidden ? '' : token;
    else if (slash === '/') visible += close(open, element) ? '' : token;
    else {
      const opened = elementOf(element, attributes, open, hiding);
      if (!VOID.has(element)) open.push(opened);
      visible += opened.hidden ? '' : token;
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
    UNSEEN.has(element) ||
    /(?:^|\s)hidden(?=[\s=/]|$)/i.test(withoutValues(attributes)) ||
    hides(style) ||
    hiding.some((selector) => matches(selector, self, open));
  return { ...self, hidden };
}

function hides(declarations: string): boolean {
  return HIDING.some((pattern) => pattern.test(declarations));
}

/** The selectors of the style sheets' rules that hide, outside media queries; those with a combinator or a state are passed over. */
function hidingSelectors(html: string): Selector[] {
  const sheets = [...html.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style/gi)].map(([, css]) => css!);
  return sheets.flatMap((sheet) => {
    const css = sheet.replace(/\/\*[\s\S]*?\*\//g, '').replace(/@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}/g, '');
    return [...css.matchAll(/([^{}]+)\{([^{}]*)\}/g)]
      .filter(([, , declarations]) => hides(declarations!))
      .flatMap(([, selectors]) => selectors!.split(',').flatMap((selector) => selectorsOf(selector.trim())));
  });
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

function valueOf(attributes: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|[\\s"'/])${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(attributes);
  return found ? (found[1] ?? found[2] ?? found[3]) : undefined;
}

function withoutValues(attributes: string): string {
  return attributes.replace(/"[^"]*"|'[^']*'/g, '""');
}
