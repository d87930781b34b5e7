import type { PolicyDocument, Texts } from './policy.js';

type Scalar = string | number | boolean;
type Leaf = Scalar | readonly string[];
type Tree = { readonly [name: string]: Tree | Scalar | readonly (string | Texts)[] };

/** A value that is another, or that only one of two documents has. `path` is a JSON pointer that names each statement. */
export interface ValueDifference {
  readonly path: string;
  readonly before?: Scalar;
  readonly after?: Scalar;
}

/** What a list of names gained and lost; their order says nothing. */
export interface ListDifference {
  readonly path: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export type PolicyDifference = ValueDifference | ListDifference;

/** A document laid out flat: each value and each list of names by its path. */
type Layout = ReadonlyMap<string, Leaf>;

/**
 * What changes from one policy document to another, in the order of the first, then what only the second has. The hash of
 * a statement is not told apart from its text.
 */
export function diffPolicies(before: PolicyDocument, after: PolicyDocument): PolicyDifference[] {
  const [old, now] = [layOut(before), layOut(after)];
  const paths = new Set([...old.keys(), ...now.keys()]);
  return [...paths].flatMap((path) => difference(path, old.get(path), now.get(path)) ?? []);
}

function difference(path: string, before: Leaf | undefined, after: Leaf | undefined): PolicyDifference | undefined {
  if (isList(before) || isList(after)) return listDifference(path, asList(before), asList(after));
  if (before === after) return undefined;
  return { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

function listDifference(path: string, before: readonly string[], after: readonly string[]): ListDifference | undefined {
  const added = after.filter((name) => !before.includes(name));
  const removed = before.filter((name) => !after.includes(name));
  return added.length + removed.length === 0 ? undefined : { path, added, removed };
}

function layOut({ statements, ...rest }: PolicyDocument): Layout {
  const named = statements.map(({ id, version, covers, texts }) => [`${id}@${version}`, { covers, texts }] as const);
  return new Map(leaves({ ...rest, statements: Object.fromEntries(named) } as unknown as Tree, ''));
}

function* leaves(value: Tree[string], path: string): Generator<[string, Leaf]> {
  if (typeof value !== 'object') yield [path, value];
  else if (isList(value)) yield [path, value.map(nameOf)];
  else for (const [name, part] of Object.entries(value)) yield* leaves(part, `${path}/${name}`);
}

/** What stands in a list is a name, or one in several languages. */
function nameOf(item: string | Texts): string {
  if (typeof item === 'string') return item;
  return Object.entries(item)
    .map(([language, text]) => `${language}: ${text}`)
    .join(', ');
}

function isList<T>(value: T): value is Extract<T, readonly unknown[]> {
  return Array.isArray(value);
}

function asList(value: Leaf | undefined): readonly string[] {
  return isList(value) ? value : [];
}
