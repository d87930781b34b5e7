import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { faultsOfHtml } from './html-source.js';
import { parseTemplate } from './template-language.js';

const faultsIn = (source: string) => {
  const { nodes, faults } = parseTemplate(source, ['footer', 'layout']);
  expect(faults).toStrictEqual([]);
  return faultsOfHtml(nodes);
};

const shipped = fileURLToPath(new URL('../templates/', import.meta.url));

describe('the HTML of a template', () => {
  it.each([
    ['a script', '<script>x</script>', '<script>'],
    ['a script written large', '<SCRIPT >x', '<script>'],
    ['a frame', '<iframe src="https://x.nl"></iframe>', '<iframe>'],
    ['a form', '<form action="https://x.nl">', '<form>'],
    ['a field', '<input name="x">', '<input>'],
    ['an object', '<object data="x">', '<object>'],
    ['a picture that is a document', '<svg onload="x()">', '<svg>'],
    ['a base', '<base href="https://x.nl">', '<base>'],
    ['an external style sheet', '<link rel="stylesheet" href="https://x.nl/x.css">', '<link>'],
    ['an imported style sheet', '<style>@import "https://x.nl";</style>', 'imports'],
    ['an import in disguise', '<style>@\\69mport "https://x.nl";</style>', 'backslash'],
    ['a style that runs', '<p style="width:expression(alert(1))">', 'runs a script'],
    ['a meta refresh', '<meta http-equiv="refresh" content="0;https://x.nl">', 'refreshes'],
    ['a meta refresh without quotes', '<meta http-equiv=Refresh>', 'refreshes'],
    ['a meta refresh that is filled in', '<meta http-equiv="{{x}}">', 'meta element'],
    ['an attribute that runs', '<p onclick="x()">', 'onclick'],
    ['an attribute that runs, without quotes', '<img src="https://x.nl"onerror=x()>', 'onerror'],
    ['an attribute that runs, after a slash', '<img/onerror="x()"/>', 'onerror'],
    ['a link that runs', '<a href="javascript:x()">', 'href'],
    ['a link that runs, in disguise', '<a href=" &#106;avascript:x()">', 'href'],
    ['a link that runs, with a tab in it', '<a href="java\tscript:x()">', 'href'],
    ['a link that runs, without quotes', '<a href=javascript:x()>', 'href'],
    ['a link that is a document', '<a href="data:text/html,x">', 'href'],
    ['a link to nowhere', '<a href="//x.nl">', 'href'],
    ['a link with a scheme that is filled in', '<a href="{{x}}">', 'httpUrl'],
    ['a link with half a scheme that is filled in', '<a href="java{{x}}">', 'httpUrl'],
    ['a link behind a scheme that is filled in', '<a href="{{x}}{{httpUrl y}}">', 'httpUrl'],
    ['a link in one branch', '<a href="{{#if x}}javascript:x(){{else}}https://x.nl{{/if}}">', 'whole tag'],
    ['a link of this where this is anything', '{{#with x}}<a href="{{this}}">{{/with}}', 'httpUrl'],
    ['a link of this in a list', '{{#with (httpUrl x)}}{{#each y}}<a href="{{this}}">{{/each}}{{/with}}', 'httpUrl'],
    ['a link of this after it', '{{#with (httpUrl x)}}{{else}}<a href="{{this}}">{{/with}}', 'httpUrl'],
    ['an element that is filled in', '<{{x}}>', 'something is filled in'],
    ['an end that is filled in', '</{{x}}>', 'something is filled in'],
    ['half an element that is filled in', '<scr{{x}}>', 'something is filled in'],
    ['an element in a branch', '<{{#if x}}script{{/if}}>', 'something is filled in'],
    ['an element around a comment', '<{{! x }}script>', '<script>'],
    ['an attribute that is filled in', '<p {{x}}>', 'outside quotes'],
    ['an attribute in a branch', '<p {{#if x}}onclick{{/if}}="y()">', 'outside quotes'],
    ['half an attribute that is filled in', '<p on{{x}}="y()">', 'outside quotes'],
    ['a value without quotes', '<p title={{x}}>', 'outside quotes'],
    ['quotes that a branch closes', '<p title="{{#if x}}"onclick="{{/if}}">', 'other end'],
    ['quotes that a branch opens', '<p title="a"{{#if x}} title="{{/if}}onclick=">', 'outside quotes'],
    ['a tag that a branch opens', '{{#if x}}<p title="{{else}}{{/if}}<script>">', 'other end'],
    ['quotes that nobody closes', '<p title="', 'does not close the quotes'],
    ['a comment that something is filled into', '<!-- {{x}} --><p>', 'comment'],
    ['a comment that does not end', '<!-- <p>', 'comment'],
    ['an element behind a comment that ends at once', '<!--><script>-->', '<script>'],
    ['an element behind a comment that ends oddly', '<!-- --!><script>-->', '<script>'],
    ['a style that something is filled into', '<style>p { color: {{x}} }</style>', 'style element'],
    ['an attribute of style that something is filled into', '<p style="color: {{x}}">', 'fills in a style'],
    ['a title that hides an element', '<title><a title="</title><script>x</script>">', '"<" in its title'],
    ['a title that a partial stands in', '<title>{{> footer}}</title>', 'inside a tag or a title'],
    ['an instruction', '<?xml version="1.0"?>', 'begins no tag'],
  ])('is refused: %s', (_, source, message) => {
    expect(faultsIn(`<p>\n${source}`)).toContainEqual({ line: 2, message: expect.stringContaining(message) });
  });

  it.each([
    ['text with signs', 'a < b && c > d, 1 <2, x<=y, "quoted"'],
    ['values in text and in quotes', '<p title="{{x}}" class=\'a {{#if y}}b{{else}}c{{/if}}\'>{{x}}</p>'],
    [
      'links',
      `<a href="{{httpUrl x}}"></a><a href='{{@unsubscribeUrl}}'></a><a href="https://x.nl/{{x}}?y={{y}}"></a>
      <a href="mailto:{{x}}"></a><a href="tel:+31"></a><a href="#top"></a><img src="cid:logo"><img src="{{httpUrl x}}/{{y}}">`,
    ],
    [
      'links of what httpUrl let through',
      '{{#with (httpUrl x)}}{{#if ../y}}<a href="{{this}}">{{this}}</a>{{/if}}{{/with}}',
    ],
    [
      'a whole document',
      `<!DOCTYPE html><html lang="{{@language}}"><head><meta charset="utf-8"><meta http-equiv="Content-Type" content="x">
      <title>{{x}}</title><style media="screen">@media (prefers-color-scheme: dark) { a > b { color: red } }</style></head><body bgcolor=white></body></html>`,
    ],
    [
      'comments for one mail program',
      '<!--[if mso]><table><tr><td><![endif]-->a<!--[if mso]></td></tr></table><![endif]-->',
    ],
    ['comments for the others', '<!--[if !mso]><!--><p>a</p><!--<![endif]-->'],
    [
      'blocks around rows',
      '<table>{{#each rows}}<tr>{{#each this}}<td>{{this}}</td>{{/each}}</tr>{{else}}<tr></tr>{{/each}}</table>',
    ],
    ['the layout and the footer', '{{#> layout heading="x"}}<p>a</p>{{> footer}}{{/layout}}'],
  ])('may be %s', (_, source) => {
    expect(faultsIn(source)).toStrictEqual([]);
  });

  const pages = readdirSync(shipped).filter((name) => name !== 'layout');
  it.each(pages.flatMap((name) => ['nl', 'en'].map((language) => [name, language])))(
    'of the shipped %s in %s is fine',
    (name, language) => {
      expect(faultsIn(readFileSync(`${shipped}/${name}/${language}.html.hbs`, 'utf8'))).toStrictEqual([]);
    },
  );

  it('is judged with the line of each fault', () => {
    const source = '<p>\n<p onclick="x">\n\n<img\n alt="a"\n src="x">\n{{#if x}}\n<p onload="y">\n{{/if}}<script>';
    expect(faultsIn(source).map(({ line }) => line)).toStrictEqual([2, 4, 8, 9]);
  });

  it.each([
    ['tags', '<b>'.repeat(60_000)],
    ['signs', '< '.repeat(100_000)],
    ['attributes', `<b${' a'.repeat(100_000)}>`],
    ['spaces in a tag', `<b${' '.repeat(200_000)}`],
    ['comments', '<!---->'.repeat(30_000)],
    ['ends of styles', `<style>${'</style '.repeat(25_000)}`],
    ['quotes', `<b a="${'"'.repeat(200_000)}`],
  ])('is judged soon, however many %s there are', (_, source) => {
    const before = performance.now();
    faultsIn(source);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});
