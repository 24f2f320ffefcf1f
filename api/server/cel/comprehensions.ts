import type { Environment } from '@marcbachmann/cel-js';
import { isRecord } from '../../../crds/generate/json-record.ts';

/*
 * Comprehensions over an index or a key and its value: macros in the library's terms, which its types do not tell.
 * Source: github.com/google/cel-go/ext/comprehensions.go
 */

/** A type as the library's checker has it. */
interface Type {
  readonly kind: string;
  readonly name: string;
  readonly keyType: Type;
  readonly valueType: Type;
}

interface Node {
  readonly op: string;
  readonly args: unknown;
  setMeta(name: string, value: unknown): Node;
}

interface Scope {
  forkWithVariable(name: string, type: Type): Scope;
  reuse(parent: Scope): Scope;
  setIterValue(value: unknown, evaluator: Evaluator): Scope;
}

interface Checker {
  check(node: Node, scope: Scope): Type;
  getType(name: string): Type;
  createError(code: string, message: string, node: Node): Error;
}

interface Evaluator {
  run(node: Node, scope: Scope): unknown;
}

/** What the library gives a macro. */
interface Call {
  readonly ast: Node;
  readonly args: readonly Node[];
  readonly receiver: Node;
}

/** A macro as it stands in the tree. The scopes are no part of it: the meter does not look there. */
interface Macro {
  readonly ast: Node;
  readonly receiver: Node;
  readonly names: readonly [string, string];
  readonly bodies: readonly Node[];
  iterCtx?: { readonly outer: Scope; readonly inner: Scope };
}

type Entry = readonly [key: unknown, value: unknown];
/** Evaluates one of the bodies for the entry that it is at. */
type Ask = (body: number) => unknown;

/** How one of them goes over the entries. */
interface Comprehension {
  readonly bodies: number;
  readonly result: 'bool' | 'list' | 'map';
  run(entries: Iterable<Entry>, ask: (entry: Entry) => Ask): unknown;
}

function isTrue(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new TypeError('predicate must return bool');
}

/** As with one variable: a result that decides is worth more than an error before it. */
function quantify(entries: Iterable<Entry>, ask: (entry: Entry) => Ask, decisive: boolean): boolean {
  let failure: unknown;
  let hasFailed = false;
  for (const entry of entries) {
    try {
      if (isTrue(ask(entry)(0)) === decisive) return decisive;
    } catch (error) {
      failure ??= error;
      hasFailed = true;
    }
  }
  if (hasFailed) throw failure;
  return !decisive;
}

/** Entries that a filter, the first body of two, takes. */
function* taken(entries: Iterable<Entry>, ask: (entry: Entry) => Ask, hasFilter: boolean) {
  for (const entry of entries) {
    const body = ask(entry);
    if (!hasFilter) yield [entry[0], body(0)] as const;
    else if (isTrue(body(0))) yield [entry[0], body(1)] as const;
  }
}

function mergeEntry(into: Map<unknown, unknown>, value: unknown): void {
  const entries = value instanceof Map ? [...value] : Object.entries(value ?? {});
  for (const [key, each] of entries) {
    if (into.has(key)) throw new RangeError(`insert failed: key ${String(key)} already exists`);
    into.set(key, each);
  }
}

function existsOne(entries: Iterable<Entry>, ask: (entry: Entry) => Ask): boolean {
  let count = 0;
  for (const entry of entries) if (isTrue(ask(entry)(0))) count += 1;
  return count === 1;
}

function transforms(hasFilter: boolean): Readonly<Record<string, Comprehension>> {
  const bodies = hasFilter ? 2 : 1;
  return {
    transformList: {
      ...{ bodies, result: 'list' },
      run: (entries, ask) => [...taken(entries, ask, hasFilter)].map(([, value]) => value),
    },
    transformMap: {
      ...{ bodies, result: 'map' },
      run: (entries, ask) => new Map(taken(entries, ask, hasFilter)),
    },
    transformMapEntry: {
      ...{ bodies, result: 'map' },
      run(entries, ask) {
        const result = new Map();
        for (const [, value] of taken(entries, ask, hasFilter)) mergeEntry(result, value);
        return result;
      },
    },
  };
}

const QUANTIFIERS: Readonly<Record<string, Comprehension>> = {
  all: { bodies: 1, result: 'bool', run: (entries, ask) => quantify(entries, ask, false) },
  exists: { bodies: 1, result: 'bool', run: (entries, ask) => quantify(entries, ask, true) },
  existsOne: { bodies: 1, result: 'bool', run: existsOne },
  exists_one: { bodies: 1, result: 'bool', run: existsOne },
};

function entriesOf(collection: unknown): Iterable<Entry> {
  if (Array.isArray(collection)) return collection.map((value, index) => [BigInt(index), value] as const);
  if (collection instanceof Map) return collection.entries();
  if (isRecord(collection) && collection.constructor === Object) return Object.entries(collection);
  throw new TypeError('a comprehension goes over a list or a map');
}

/** The types of the two variables. */
function typesOf(range: Type, checker: Checker, receiver: Node): readonly [Type, Type] {
  const dyn = checker.getType('dyn');
  if (range.kind === 'list') return [checker.getType('int'), range.valueType];
  if (range.kind === 'map') return [range.keyType, range.valueType];
  if (range.kind === 'dyn') return [dyn, dyn];
  const detail = `expression of type '${range.name}' cannot be range of a comprehension (must be list, map, or dynamic)`;
  throw checker.createError('invalid_comprehension_range', detail, receiver);
}

function typeCheck(result: Comprehension['result']) {
  return (checker: Checker, macro: Macro, scope: Scope): Type => {
    const [keyType, valueType] = typesOf(checker.check(macro.receiver, scope), checker, macro.receiver);
    const [key, value] = macro.names;
    const outer = scope.forkWithVariable(key, keyType);
    const inner = outer.forkWithVariable(value, valueType);
    macro.iterCtx = { outer, inner };
    const types = macro.bodies.map((body) => checker.check(body, inner));
    const isPredicate = result === 'bool' || macro.bodies.length === 2;
    const [first, predicate] = [types[0], macro.bodies[0]];
    if (isPredicate && predicate !== undefined && first?.kind !== 'dyn' && first !== checker.getType('bool'))
      throw checker.createError('predicate_not_bool', 'predicate must return bool', predicate);
    return checker.getType(result === 'list' ? 'list<dyn>' : result === 'map' ? 'map<dyn, dyn>' : 'bool');
  };
}

function evaluateWith(comprehension: Comprehension) {
  return (evaluator: Evaluator, macro: Macro, scope: Scope): unknown => {
    const { iterCtx, receiver, bodies } = macro;
    if (iterCtx === undefined) throw new TypeError('a comprehension that was not checked');
    const entries = entriesOf(evaluator.run(receiver, scope));
    return comprehension.run(entries, ([key, value]) => {
      const outer = iterCtx.outer.reuse(scope).setIterValue(key, evaluator);
      const inner = iterCtx.inner.reuse(outer).setIterValue(value, evaluator);
      return (at) => {
        const body = bodies[at];
        return body === undefined ? undefined : evaluator.run(body, inner);
      };
    });
  };
}

function nameOf(node: Node | undefined): string {
  if (node?.op === 'id' && typeof node.args === 'string') return node.args;
  throw new SyntaxError('argument is not an identifier');
}

function add(environment: Environment, name: string, comprehension: Comprehension): void {
  const { bodies, result } = comprehension;
  const parameters = Array.from({ length: bodies + 2 }, () => 'ast').join(', ');
  const returns = result === 'list' ? 'list<dyn>' : result === 'map' ? 'map<dyn, dyn>' : 'bool';
  const check = typeCheck(result);
  const evaluate = evaluateWith(comprehension);
  const expand = ({ ast, args, receiver }: Call) => {
    const [key, value, ...rest] = args;
    const macro = { ast, receiver, names: [nameOf(key), nameOf(value)], bodies: rest };
    return { ...macro, typeCheck: check, evaluate, async: false };
  };
  environment.registerFunction(`list.${name}(${parameters}): ${returns}`, expand as () => unknown, {
    async: false,
  });
}

/** `all`, `exists`, `existsOne`, `transformList`, `transformMap` and `transformMapEntry` with two variables. */
export function addComprehensions(environment: Environment): void {
  for (const group of [QUANTIFIERS, transforms(false), transforms(true)])
    for (const [name, comprehension] of Object.entries(group)) add(environment, name, comprehension);
}
