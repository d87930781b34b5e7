/** The elements that a mail may hold: text, tables, pictures and links. Nothing that runs, loads a document or asks for input. */
export const ELEMENTS: ReadonlySet<string> = new Set(
  `a abbr address article aside b bdi bdo big blockquote body br caption center cite code col colgroup dd del dfn div dl dt
  em figcaption figure font footer h1 h2 h3 h4 h5 h6 head header hr html i img ins kbd li main mark meta nav ol p pre q s samp
  section small span strike strong style sub sup table tbody td tfoot th thead time title tr tt u ul var wbr`.split(
    /\s+/,
  ),
);

/** Attributes that a mail program loads or opens. */
const URL_ATTRIBUTES: ReadonlySet<string> = new Set(
  'href src srcset action formaction background poster cite longdesc data ping xlink:href'.split(' '),
);

const MEANT_BY_META = new Set(['content-type', 'x-ua-compatible']);

export function isUrlAttribute(name: string): boolean {
  return URL_ATTRIBUTES.has(name);
}

/** Whether a text begins as a URL that may stand in a mail. Entities in its scheme make it none. */
export function beginsAsUrl(text: string): boolean {
  return /^\s*(?:https?:\/\/|mailto:|tel:|cid:|#)/i.test(text);
}

/** What is wrong with an attribute whose value is known in full; `undefined` when nothing is. */
export function faultOfAttribute(element: string, name: string, value: string): string | undefined {
  if (/^on/i.test(name)) return `has the attribute ${name}: nothing runs in a mail`;
  if (!/^[a-z][a-z0-9:_-]*$/.test(name)) return 'has an attribute with a name that is none';
  if (name === 'srcdoc') return 'has the attribute srcdoc: a mail holds no other document';
  if (isUrlAttribute(name) && value.trim() !== '' && !beginsAsUrl(value))
    return `has a link in ${name} that does not begin with https:, http:, mailto:, tel: or cid:`;
  if (element === 'meta' && name === 'http-equiv' && !MEANT_BY_META.has(value.trim().toLowerCase()))
    return 'has a meta element that refreshes or sets a policy';
  if (name === 'style') return faultOfCss(value);
  return undefined;
}

/** What is wrong with a style; `undefined` when nothing is. */
export function faultOfCss(css: string): string | undefined {
  if (/@import/i.test(css)) return 'imports a style sheet: write the style in the template';
  if (/\\|&#/.test(css)) return 'has a backslash or an entity in its style: write the characters themselves';
  if (/expression\s*\(|javascript:|behaviou?r\s*:|-moz-binding/i.test(css)) return 'has a style that runs a script';
  return undefined;
}
