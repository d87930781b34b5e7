import Handlebars from 'handlebars';
import type { TemplateFault } from './template-fault.js';

/** A template as it was read: nothing of the parser's own tree is in it, so that only what is named here can be rendered. */
export type TemplateNode =
  | { readonly kind: 'content'; readonly text: string; readonly line: number }
  | { readonly kind: 'value'; readonly expression: Expression; readonly line: number }
  | {
      readonly kind: 'block';
      readonly helper: BlockName;
      readonly subject: Expression;
      readonly then: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
      readonly line: number;
    }
  | {
      readonly kind: 'partial';
      readonly name: string;
      readonly hash: readonly (readonly [name: string, value: Expression])[];
      readonly block: readonly TemplateNode[];
      readonly indent: string;
      readonly line: number;
    };

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null | undefined }
  | { readonly kind: 'path'; readonly up: number; readonly names: readonly string[] }
  /** What the sender and the loops give: `@controller.name`, `@index`. */
  | { readonly kind: 'data'; readonly names: readonly string[] }
  | { readonly kind: 'call'; readonly helper: HelperName; readonly parameters: readonly Expression[] };

const blockNames = ['if', 'unless', 'each', 'with'] as const;
export type BlockName = (typeof blockNames)[number];

const helperNames = ['firstOf', 'httpUrl', 'paragraphs', 'lookup'] as const;
export type HelperName = (typeof helperNames)[number];

/** Every `@name` that there is. */
const dataNames = new Set([
  'language',
  'controller.name',
  'controller.postalAddress',
  'controller.email',
  'controller.privacyPolicyUrl',
  'unsubscribeUrl',
  'stops',
  'index',
  'key',
  'first',
  'last',
]);

/** The partial of a layout where the block stands that it was called with. */
export const PARTIAL_BLOCK = '@partial-block';

// The parser's time grows with the cube of nested parentheses and the square of nested blocks: both are bounded before it.
const LONGEST_TAG = 400;
const MOST_PARENTHESES = 20;
const MOST_TAGS = 4_000;
const MOST_BLOCKS = 400;
const DEEPEST = 30;

/** A template that was read, or what is wrong with it. */
export interface ParsedTemplate {
  readonly nodes: readonly TemplateNode[];
  readonly faults: readonly TemplateFault[];
}

/**
 * Reads a template: Handlebars as its parser understands it, and of its language only values, `#if`, `#unless`, `#each`,
 * `#with`, the helpers of the house and these partials. Raw output, decorators, inline and dynamic partials, block
 * parameters and unknown `@names` are faults. Never throws, and takes a bounded time for a text of any shape.
 */
export function parseTemplate(source: string, partials: readonly string[]): ParsedTemplate {
  const shape = faultOfShape(source);
  if (shape) return { nodes: [], faults: [shape] };
  let program: hbs.AST.Program;
  try {
    program = Handlebars.parse(source);
  } catch (error) {
    return { nodes: [], faults: [parseFault(error)] };
  }
  const reader = new Reader(partials);
  const nodes = reader.program(program, 0);
  return { nodes, faults: reader.faults };
}

function faultOfShape(source: string): TemplateFault | undefined {
  const tags = [...source.matchAll(/\{\{/g)].map(({ index }) => index);
  if (tags.length > MOST_TAGS) return { line: 1, message: `has more than ${MOST_TAGS} tags` };
  const blocks = source.match(/\{\{~?(?:[#^]|\s*else\b|\{\{)/g) ?? [];
  if (blocks.length > MOST_BLOCKS) return { line: 1, message: `has more than ${MOST_BLOCKS} blocks` };
  const long = tags.find((start) => isTooLong(source, start));
  if (long === undefined) return undefined;
  const line = source.slice(0, long).split('\n').length;
  return { line, message: `holds a tag of more than ${LONGEST_TAG} characters or ${MOST_PARENTHESES} parentheses` };
}

/**
 * A tag as the lexer delimits it: braces in strings and brackets do not end it. A comment may be of any length. No two ways
 * of the pattern begin alike, or a tag of many quotes would be tried in all of them.
 */
function isTooLong(source: string, start: number): boolean {
  const piece = source.slice(start, start + LONGEST_TAG + 4);
  if (/^\{\{~?!/.test(piece)) return false;
  const tag =
    /^\{{2,4}(?:"(?:\\"|\\(?!")|[^"\\])*"|'(?:\\'|\\(?!')|[^'\\])*'|\[(?:\\\]|\\(?!\])|[^\]\\])*\]|\}(?!\})|[^"'[}])*\}\}/.exec(
      piece,
    );
  if (!tag) return source.length - start > LONGEST_TAG;
  return tag[0].split('(').length > MOST_PARENTHESES + 1;
}

/** The parser's messages repeat the source and list its token names; what a reader needs of them is the line. */
function parseFault(error: unknown): TemplateFault {
  const { message = '', lineNumber } = error as { message?: string; lineNumber?: number };
  const line = lineNumber ?? Number(/on line (\d+)/.exec(message)?.[1] ?? 1);
  const mismatch = /^([\w.-]+) doesn't match ([\w.-]+)/.exec(message);
  if (mismatch) return { line, message: `opens {{#${mismatch[1]}}} and closes {{/${mismatch[2]}}}` };
  const got = /got '(\w+)'/.exec(message)?.[1];
  if (got === 'EOF') return { line, message: 'ends before every block and tag is closed' };
  return { line, message: 'cannot be read as Handlebars: check the braces, quotes and blocks' };
}

class Reader {
  readonly faults: TemplateFault[] = [];

  constructor(private readonly partials: readonly string[]) {}

  program(program: hbs.AST.Program | undefined, depth: number): TemplateNode[] {
    const nodes: TemplateNode[] = [];
    if (!program) return nodes;
    if (depth > DEEPEST) {
      this.refuse(program, `nests more than ${DEEPEST} blocks`);
      return nodes;
    }
    if ((program.blockParams as string[] | undefined)?.length)
      this.refuse(program, 'names block parameters ("as |x|"), which there are none of here');
    for (const statement of program.body) {
      const node = this.statement(statement, depth);
      const last = nodes.at(-1);
      // A comment leaves nothing between two texts, and neither may be judged without the other.
      if (node?.kind === 'content' && last?.kind === 'content')
        nodes[nodes.length - 1] = { ...last, text: last.text + node.text };
      else if (node) nodes.push(node);
    }
    return nodes;
  }

  private statement(statement: hbs.AST.Statement, depth: number): TemplateNode | undefined {
    switch (statement.type) {
      case 'ContentStatement':
        return this.content(statement as hbs.AST.ContentStatement);
      case 'MustacheStatement':
        return this.value(statement as hbs.AST.MustacheStatement);
      case 'BlockStatement':
        return this.block(statement as hbs.AST.BlockStatement, depth);
      case 'PartialStatement':
      case 'PartialBlockStatement':
        return this.partial(statement as hbs.AST.PartialBlockStatement, depth);
      case 'CommentStatement':
        return undefined;
      default:
        return this.refuse(statement, 'defines a partial or a decorator: only the layout and the footer may be called');
    }
  }

  private content({ value, original, loc }: hbs.AST.ContentStatement): TemplateNode | undefined {
    if (value === '') return undefined;
    const text = original as unknown as string;
    const trimmed = text.slice(0, text.indexOf(value));
    return { kind: 'content', text: value, line: loc.start.line + trimmed.split('\n').length - 1 };
  }

  private value(statement: hbs.AST.MustacheStatement): TemplateNode | undefined {
    if (!statement.escaped)
      return this.refuse(statement, 'puts out a value unescaped: write {{…}} with two braces and without "&"');
    const expression = this.call(statement as unknown as hbs.AST.SubExpression, 0);
    return expression && { kind: 'value', expression, line: statement.loc.start.line };
  }

  private block(statement: hbs.AST.BlockStatement, depth: number): TemplateNode | undefined {
    const { path, params, hash, program, inverse, loc } = statement;
    const helper = blockNames.find((name) => name === nameOf(path));
    if (!helper)
      return this.refuse(statement, `has a block other than ${blockNames.map((name) => `#${name}`).join(', ')}`);
    if (params.length !== 1 || hash)
      return this.refuse(statement, `needs one value after #${helper}, and nothing else`);
    const subject = this.expression(params[0]!, 0);
    const then = this.program(program, depth + 1);
    const otherwise = this.program(inverse, depth + 1);
    return subject && { kind: 'block', helper, subject, then, otherwise, line: loc.start.line };
  }

  private partial(statement: hbs.AST.PartialBlockStatement, depth: number): TemplateNode | undefined {
    const { params, hash, program, loc } = statement;
    const { indent = '' } = statement as unknown as { indent?: string };
    const name = (statement.name as { original?: unknown }).original;
    if (typeof name !== 'string' || !this.partials.includes(name))
      return this.refuse(
        statement,
        `calls a partial other than ${this.partials.join(', ') || 'none, for there are none here'}`,
      );
    if (params.length > 0) return this.refuse(statement, `gives ${name} a value without a name: write name=value`);
    const pairs = (hash as hbs.AST.Hash | undefined)?.pairs ?? [];
    const values = pairs.flatMap(({ key, value }) => {
      const expression = this.expression(value, 0);
      return expression ? [[key, expression] as const] : [];
    });
    const block = this.program(program, depth + 1);
    return { kind: 'partial', name, hash: values, block, indent, line: loc.start.line };
  }

  private expression(node: hbs.AST.Expression, depth: number): Expression | undefined {
    switch (node.type) {
      case 'StringLiteral':
      case 'NumberLiteral':
      case 'BooleanLiteral':
        return { kind: 'literal', value: (node as hbs.AST.StringLiteral).value };
      case 'NullLiteral':
      case 'UndefinedLiteral':
        return { kind: 'literal', value: undefined };
      case 'PathExpression':
        return this.path(node as hbs.AST.PathExpression);
      case 'SubExpression':
        return this.call(node as hbs.AST.SubExpression, depth);
      default:
        return this.refuse(node, 'holds an expression that is not understood');
    }
  }

  private path(node: hbs.AST.PathExpression): Expression | undefined {
    const { data, depth: up, parts } = node;
    if (!parts.every((part) => typeof part === 'string'))
      return this.refuse(node, 'holds a path that is not understood');
    if (!data) return { kind: 'path', up, names: parts };
    const name = parts.join('.');
    if (up > 0 || !dataNames.has(name))
      return this.refuse(node, `reads @${name}; there are: @${[...dataNames].join(', @')}`);
    return { kind: 'data', names: parts };
  }

  /** `{{name}}` is a value, `{{name x}}` and `(name x)` call a helper. */
  private call(node: hbs.AST.SubExpression, depth: number): Expression | undefined {
    const { path, params, hash } = node;
    const helper = helperNames.find((name) => name === nameOf(path));
    if (params.length === 0 && !hash && !helper && node.type !== 'SubExpression') return this.expression(path, depth);
    if (!helper) return this.refuse(node, `calls a helper other than ${helperNames.join(', ')}`);
    if (hash || params.length === 0) return this.refuse(node, `needs values after ${helper}, without names`);
    if (depth > DEEPEST) return this.refuse(node, `nests more than ${DEEPEST} calls`);
    const parameters = params.map((parameter) => this.expression(parameter, depth + 1));
    return { kind: 'call', helper, parameters: parameters.filter((parameter) => parameter !== undefined) };
  }

  private refuse({ loc }: hbs.AST.Node, message: string): undefined {
    this.faults.push({ line: (loc as hbs.AST.SourceLocation | undefined)?.start.line ?? 1, message });
  }
}

/** The name of a helper or block; `undefined` for a path of parts, a literal or an `@name`. */
function nameOf(path: hbs.AST.PathExpression | hbs.AST.Literal): string | undefined {
  const { data, depth, parts } = path as Partial<hbs.AST.PathExpression>;
  return parts?.length === 1 && !data && depth === 0 ? parts[0] : undefined;
}
