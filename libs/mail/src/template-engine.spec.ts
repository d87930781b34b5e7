import { describe, expect, it } from '@jest/globals';
import Handlebars from 'handlebars';
import fc from 'fast-check';
import { MessageRefused } from './message-refused.js';
import { BOUNDS, compileTemplate, InvalidTemplate, type Format } from './template-engine.js';
import { parseTemplate } from './template-language.js';

const render = (source: string, variables: object = {}, format: Format = 'html', frame: object = {}) =>
  compileTemplate(source, {}, format)(variables, frame);

const faultsIn = (source: string) => parseTemplate(source, []).faults;

const codeOf = (work: () => unknown): string => {
  try {
    return String(work());
  } catch (error) {
    return error instanceof MessageRefused ? error.code : String(error);
  }
};

/** As long as this a rendering that is out of bounds may take before it is stopped; it takes a tenth of it. */
const SOON = 2_000;

describe('a template', () => {
  it.each([
    ['{{a}} {{b.c}} {{b.[d e]}} {{x}}', '1 2 3 '],
    ['{{#if yes}}a{{else}}b{{/if}}{{#unless yes}}c{{else}}d{{/unless}}', 'ad'],
    ['{{#if none}}a{{else if yes}}b{{else}}c{{/if}}', 'b'],
    ['{{#if zero}}a{{else}}b{{/if}}{{#if empty}}c{{else}}d{{/if}}{{#with zero}}e{{/with}}', 'bde'],
    ['{{#each list}}-{{@index}}{{@key}}{{@first}}{{@last}}{{this}}{{/each}}', '-00truefalsex-11falsetruey'],
    ['{{#each b}}{{@key}}={{this}};{{/each}}', 'c=2;d e=3;'],
    ['{{#each none}}a{{else}}b{{/each}}{{#each a}}c{{else}}d{{/each}}', 'bd'],
    ['{{#with b}}-{{c}}{{../a}}{{#with c}}-{{this}}{{../../a}}{{/with}}{{/with}}', '-21-21'],
    ['{{firstOf none "x"}}{{#each (paragraphs text)}}<{{this}}>{{/each}}', 'x<een><twee>'],
    ['{{lookup list 1}}{{lookup b "c"}}{{lookup none "c"}}{{list.length}}', 'y22'],
    ['a {{~ a ~}} b {{! nothing }}c', 'a1b c'],
    ['{{list}}{{false}}{{zero}}', 'x,yfalse0'],
    ['\\{{a}}', '{{a}}'],
    ['{{#if yes}}\n  x\n{{/if}}\ny', '  x\ny'],
  ])('%j is read as Handlebars reads it', (source, expected) => {
    const variables = {
      a: 1,
      b: { c: 2, 'd e': 3 },
      yes: true,
      false: false,
      zero: 0,
      empty: [],
      list: ['x', 'y'],
      text: 'een\n\ntwee',
    };
    expect(render(source, variables, 'text')).toBe(expected);
    const engine = Handlebars.create();
    engine.registerHelper('firstOf', (...values: unknown[]) => values.find((value) => value !== undefined));
    engine.registerHelper('paragraphs', (text: string) => text.split('\n\n'));
    expect(engine.compile(source, { noEscape: true })(variables)).toBe(expected);
  });

  it('escapes whatever it puts out as HTML, and nothing of plain text', () => {
    const hostile = '<b onclick="x()">\'&`=</b>';
    expect(render('{{x}}{{#each xs}}{{this}}{{/each}}', { x: hostile, xs: [hostile] })).not.toMatch(/[<>"'`]|=(?!;)/);
    expect(render('{{x}}', { x: hostile }, 'text')).toBe(hostile);
  });

  it('is the same text for any value as Handlebars makes of it', () => {
    const source =
      '{{a}}|{{#if a}}y{{else}}n{{/if}}|{{#with a}}{{this}}{{else}}-{{/with}}|{{#each b}}[{{this}}]{{/each}}';
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(value, fc.array(value), (a, b) => {
        expect(render(source, { a, b })).toBe(Handlebars.compile(source)({ a, b }));
      }),
    );
  });
});

describe('what a template cannot do', () => {
  it.each([
    ['raw output', '{{{x}}}', 'unescaped'],
    ['raw output by another sign', '{{&x}}', 'unescaped'],
    ['a raw block', '{{{{x}}}} {{y}} {{{{/x}}}}', 'block other than'],
    ['an inline partial', '{{#*inline "x"}}y{{/inline}}', 'defines a partial'],
    ['a decorator', '{{* x}}', 'defines a partial'],
    ['a partial that is not there', '{{> x}}', 'calls a partial'],
    ['a partial by a name of its data', '{{> (lookup . "x")}}', 'calls a partial'],
    ['the block of a layout', '{{> @partial-block}}', 'calls a partial'],
    ['a helper that is not there', '{{exec "x"}}', 'calls a helper other than'],
    ['a helper inside a call', '{{firstOf (log x)}}', 'calls a helper other than'],
    ['helperMissing', '{{helperMissing x}}', 'calls a helper other than'],
    ['a block that is not there', '{{#x}}y{{/x}}', 'block other than'],
    ['blockHelperMissing', '{{#blockHelperMissing x}}y{{/blockHelperMissing}}', 'block other than'],
    ['an inverted block', '{{^x}}y{{/x}}', 'block other than'],
    ['block parameters', '{{#each x as |y|}}{{y}}{{/each}}', 'block parameters'],
    ['@root', '{{@root.x}}', 'reads @root.x'],
    ['@root in a call', '{{lookup @root "x"}}', 'reads @root'],
    ['the frame', '{{@_parent.x}}', 'reads @_parent.x'],
    ['the frame by its kind', '{{@kind}}', 'reads @kind'],
    ['the whole controller', '{{lookup @controller "x"}}', 'reads @controller'],
    ['the frame around', '{{@../index}}', 'reads @index'],
    ['a block without a value', '{{#if}}x{{/if}}', 'needs one value'],
    ['a block with two values', '{{#each x y}}x{{/each}}', 'needs one value'],
    ['a named value for a block', '{{#if x includeZero=true}}x{{/if}}', 'needs one value'],
  ])('%s', (_, source, message) => {
    const faults = faultsIn(`\n${source}`);
    expect(faults).toContainEqual({ line: 2, message: expect.stringContaining(message) });
    expect(() => render(source)).toThrow(InvalidTemplate);
  });

  it.each([
    ['{{#if x}}\n', 2, 'ends before'],
    ['a\n{{#if x}}y{{/each}}', 2, 'opens {{#if}} and closes {{/each}}'],
    ['a\nb\n{{#if}', 3, 'cannot be read'],
    ['{{else}}', 1, 'cannot be read'],
  ])('%j is told with its line', (source, line, message) => {
    expect(faultsIn(source)).toStrictEqual([{ line, message: expect.stringContaining(message) }]);
  });

  it('reach a prototype: nothing inherited is there, in any way of asking', () => {
    const asking = [
      'constructor', '__proto__', 'toString', 'list.constructor', 'list.map', 'text.length', 'text.constructor',
      'list.[0].constructor', 'lookup list "constructor"', 'lookup text "length"', 'lookup this "__proto__"',
      'lookup (lookup this "constructor") "name"', 'firstOf constructor __proto__ hasOwnProperty', 'this.constructor.name',
    ]; // prettier-ignore
    const source = `${asking.map((asked) => `{{${asked}}}`).join('')}{{#with constructor}}x{{/with}}{{#each toString}}x{{/each}}`;
    expect(render(source, { list: ['a'], text: 'b' })).toBe('');
    expect(
      render('{{#with list}}{{#with ../text}}{{constructor}}{{../../../../../x}}{{/with}}{{/with}}', {
        list: ['a'],
        text: 'b',
        x: 'y',
      }),
    ).toBe('');
  });

  it('read what another rendering was given', () => {
    const template = compileTemplate('{{x}}{{@stops}}', {}, 'text');
    expect([template({ x: 1 }, { stops: 'a' }), template({}, {})]).toStrictEqual(['1a', '']);
  });
});

describe('what a template may cost', () => {
  const numbers = Array.from({ length: 1_000 }, (_, index) => index);
  const loops = (depth: number, body: string) =>
    `${'{{#each ../xs}}'.repeat(depth)}${body}${'{{/each}}'.repeat(depth)}`;

  it.each([
    ['loops in loops', `{{#each xs}}${loops(6, 'x')}{{/each}}`, { xs: numbers }],
    ['loops in loops that say nothing', `{{#each xs}}${loops(6, '')}{{/each}}`, { xs: numbers }],
    ['the same great text again and again', '{{x}}'.repeat(1_000), { x: 'y'.repeat(10_000) }],
    ['a text that grows as it is escaped', '{{x}}', { x: '"'.repeat(BOUNDS.characters - 1) }],
    [
      'paragraphs of a great text again and again',
      `{{#each xs}}{{#each (paragraphs ../x)}}{{/each}}{{/each}}`,
      { xs: numbers, x: 'y'.repeat(1_000_000) },
    ],
    ['conditions alone', `{{#each xs}}${'{{#if x}}{{/if}}'.repeat(200)}{{/each}}`, { xs: numbers }],
  ])('is bounded: %s', (_, source, variables) => {
    const before = performance.now();
    expect(codeOf(() => render(source, variables))).toBe('TEMPLATE_OUT_OF_BOUNDS');
    expect(performance.now() - before).toBeLessThan(SOON);
  });

  it('is told the same wherever it runs: it counts steps and characters, and no time', () => {
    const source = '{{#each xs}}{{#each ../xs}}{{this}}{{/each}}{{/each}}';
    expect(codeOf(() => render(source, { xs: numbers }))).toBe('TEMPLATE_OUT_OF_BOUNDS');
    expect(codeOf(() => render(source, { xs: numbers.slice(0, 100) }))).not.toBe('TEMPLATE_OUT_OF_BOUNDS');
  });

  it.each([
    ['parentheses', `{{firstOf ${'(firstOf '.repeat(20_000)}x${')'.repeat(20_000)}}}`],
    ['parentheses behind a brace that is escaped', `\\{{ "{{firstOf ${'(f '.repeat(20_000)}"`],
    ['parentheses in a tag that seems a comment', `\\{{! {{firstOf ${'(f '.repeat(20_000)}}}`],
    ['parentheses in many tags', `{{firstOf ${'(f '.repeat(90)}x${')'.repeat(90)}}}`.repeat(450)],
    ['quotes that end nothing', `{{x "${'\\"'.repeat(50_000)}`],
    ['blocks', '{{#if x}}'.repeat(10_000) + '{{/if}}'.repeat(10_000)],
    ['chains of else', `{{#if x}}${'{{else if x}}'.repeat(10_000)}{{/if}}`],
    ['tags', '{{x}}'.repeat(40_000)],
    ['a path', `{{x${'.x'.repeat(100_000)}}}`],
  ])('is refused before it is read: too many or too long %s', (_, source) => {
    const before = performance.now();
    expect(faultsIn(source)).not.toStrictEqual([]);
    expect(performance.now() - before).toBeLessThan(SOON);
  });

  it('is enough for the longest of comments, and for a tag with braces in its text', () => {
    expect(render(`{{!-- ${'x '.repeat(5_000)} --}}a`)).toBe('a');
    expect(render('{{firstOf "}}" x}}')).toBe('}}');
  });
});
