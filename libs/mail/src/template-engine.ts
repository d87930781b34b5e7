import Handlebars from 'handlebars';
import { MessageRefused } from './message-refused.js';
import type { TemplateFault } from './template-fault.js';
import { firstOf, httpUrl, ownValue, paragraphs } from './template-helpers.js';
import { PARTIAL_BLOCK, parseTemplate, type Expression, type TemplateNode } from './template-language.js';

/** A template made ready: own data and the sender's data in, text out. */
export type Renderer = (variables: object, frame: object) => string;

export type Format = 'html' | 'text';

/** What one rendering may cost. The same template with the same variables costs the same, on any machine. */
export const BOUNDS = { steps: 100_000, characters: 512 * 1024, depth: 100 } as const;

/** A step is also so many characters that a helper looks at. */
const CHARACTERS_A_STEP = 64;

/** A template that cannot be rendered as it is written. */
export class InvalidTemplate extends Error {
  constructor(readonly faults: readonly TemplateFault[]) {
    super(faults.map(({ line, message }) => `line ${line} ${message}`).join('; '));
  }
}

/**
 * Makes a template ready with its partials, which may call only the partials named before them. Nothing is compiled to code:
 * the template is walked, and reads nothing but own data. Throws `InvalidTemplate`. The renderer throws `MessageRefused`
 * with `TEMPLATE_OUT_OF_BOUNDS` once a rendering costs more than `BOUNDS`.
 */
export function compileTemplate(source: string, partials: Readonly<Record<string, string>>, format: Format): Renderer {
  const names = Object.keys(partials);
  const parsed = new Map<string, readonly TemplateNode[]>();
  for (const [index, name] of names.entries())
    parsed.set(name, parsedOrThrow(partials[name]!, [PARTIAL_BLOCK, ...names.slice(0, index)]));
  const nodes = parsedOrThrow(source, names);
  return (variables, frame) => new Rendering(parsed, format).render(nodes, { context: variables, data: frame });
}

function parsedOrThrow(source: string, partials: readonly string[]): readonly TemplateNode[] {
  const { nodes, faults } = parseTemplate(source, partials);
  if (faults.length > 0) throw new InvalidTemplate(faults);
  return nodes;
}

/** Escapes text the way templates do. */
export function escapeHtml(text: string): string {
  return Handlebars.escapeExpression(text);
}

/** Where a part of a template stands: what it reads, and what is around it. */
interface Scope {
  readonly context: unknown;
  readonly data: object;
  readonly outer?: Scope;
  /** What a layout was called with, and where. */
  readonly block?: { readonly nodes: readonly TemplateNode[]; readonly scope: Scope };
}

/** One rendering, with what it has cost so far. */
class Rendering {
  private output = '';
  private steps = 0;
  private depth = 0;

  constructor(
    private readonly partials: ReadonlyMap<string, readonly TemplateNode[]>,
    private readonly format: Format,
  ) {}

  render(nodes: readonly TemplateNode[], scope: Scope): string {
    this.nodes(nodes, scope);
    return this.output;
  }

  private nodes(nodes: readonly TemplateNode[], scope: Scope): void {
    if (++this.depth > BOUNDS.depth) throw outOfBounds('nests too deep');
    for (const node of nodes) {
      this.spend(1);
      this.node(node, scope);
    }
    this.depth--;
  }

  private node(node: TemplateNode, scope: Scope): void {
    switch (node.kind) {
      case 'content':
        return this.write(node.text);
      case 'value':
        return this.value(this.evaluate(node.expression, scope));
      case 'block':
        return this.block(node, scope);
      case 'partial':
        return this.partial(node, scope);
    }
  }

  private value(value: unknown): void {
    const text = textOf(value);
    if (this.format === 'text') return this.write(text);
    this.requireRoom(text);
    this.write(escapeHtml(text));
  }

  private block({ helper, subject, then, otherwise }: Extract<TemplateNode, { kind: 'block' }>, scope: Scope): void {
    const value = this.evaluate(subject, scope);
    switch (helper) {
      case 'if':
        return this.nodes(isThere(value) ? then : otherwise, scope);
      case 'unless':
        return this.nodes(isThere(value) ? otherwise : then, scope);
      case 'with':
        return isThere(value) || value === 0 ? this.nodes(then, within(scope, value)) : this.nodes(otherwise, scope);
      case 'each':
        return this.each(value, then, otherwise, scope);
    }
  }

  private each(value: unknown, then: readonly TemplateNode[], otherwise: readonly TemplateNode[], scope: Scope): void {
    if (typeof value !== 'object' || value === null) return this.nodes(otherwise, scope);
    const entries = Object.entries(value);
    this.spend(entries.length);
    if (entries.length === 0) return this.nodes(otherwise, scope);
    const isList = Array.isArray(value);
    for (const [index, [name, item]] of entries.entries()) {
      const loop = { index, key: isList ? index : name, first: index === 0, last: index === entries.length - 1 };
      this.nodes(then, { ...within(scope, item), data: { ...scope.data, ...loop } });
    }
  }

  private partial({ name, hash, block, indent }: Extract<TemplateNode, { kind: 'partial' }>, scope: Scope): void {
    this.write(indent);
    if (name === PARTIAL_BLOCK) {
      if (scope.block) this.nodes(scope.block.nodes, blockScope(scope, scope.block.scope));
      return;
    }
    const context = hash.length === 0 ? scope.context : this.overlaid(scope, hash);
    this.nodes(this.partials.get(name) ?? [], { ...within(scope, context), block: { nodes: block, scope } });
  }

  private overlaid(scope: Scope, hash: Extract<TemplateNode, { kind: 'partial' }>['hash']): object {
    const own = typeof scope.context === 'object' ? Object.entries(scope.context ?? {}) : [];
    this.spend(own.length);
    const given = hash.map(([name, value]) => [name, this.evaluate(value, scope)] as const);
    return ownObject([...own, ...given]);
  }

  private evaluate(expression: Expression, scope: Scope): unknown {
    this.spend(1);
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'path':
        return this.read(outward(scope, expression.up)?.context, expression.names);
      case 'data':
        return this.read(scope.data, expression.names);
      case 'call':
        return this.call(expression, scope);
    }
  }

  private read(holder: unknown, names: readonly string[]): unknown {
    this.spend(names.length);
    return names.reduce<unknown>(ownValue, holder);
  }

  private call({ helper, parameters }: Extract<Expression, { kind: 'call' }>, scope: Scope): unknown {
    const values = parameters.map((parameter) => this.evaluate(parameter, scope));
    const [first, second] = values;
    if (typeof first === 'string') this.spend(first.length / CHARACTERS_A_STEP);
    switch (helper) {
      case 'firstOf':
        return firstOf(...values);
      case 'httpUrl':
        return httpUrl(first);
      case 'paragraphs':
        return paragraphs(first);
      case 'lookup':
        return ownValue(first, second);
    }
  }

  private write(text: string): void {
    this.requireRoom(text);
    this.output += text;
  }

  private requireRoom({ length }: string): void {
    if (this.output.length + length > BOUNDS.characters)
      throw outOfBounds(`makes more than ${BOUNDS.characters} characters`);
  }

  private spend(steps: number): void {
    this.steps += steps;
    if (this.steps > BOUNDS.steps) throw outOfBounds(`takes more than ${BOUNDS.steps} steps`);
  }
}

function outOfBounds(what: string): MessageRefused {
  return new MessageRefused('TEMPLATE_OUT_OF_BOUNDS', `The template ${what} with these variables.`);
}

/** Throws `TypeError` for an object, which has no text of its own. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(textOf).join(',');
  throw new TypeError('An object stands where text is expected.');
}

/** Handlebars' truth: empty lists are false as well, and so is 0. */
function isThere(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function within(scope: Scope, context: unknown): Scope {
  return { ...scope, context, outer: scope };
}

/** The block reads what the layout reads where it puts it, and a layout inside it has a block of its own. */
function blockScope({ block: _, ...scope }: Scope, caller: Scope): Scope {
  return caller.block ? { ...scope, block: caller.block } : scope;
}

function outward(scope: Scope, levels: number): Scope | undefined {
  let found: Scope | undefined = scope;
  for (let level = 0; level < levels; level++) found = found?.outer;
  return found;
}

function ownObject(entries: readonly (readonly [name: string, value: unknown])[]): object {
  const own = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of entries) own[name] = value;
  return own;
}
