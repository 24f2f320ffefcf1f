import { isRecord } from '../../../crds/generate/json-record.ts';

/*
 * A path element says how to get from a value to one below it: `f:name` a field of a map, `k:{"name":"a"}` the item of a
 * list with these keys, `v:1` the item of a set, `i:0` the item at an index.
 * Source: sigs.k8s.io/structured-merge-diff fieldpath/serialize-pe.go
 */

export function fieldElement(name: string): string {
  return `f:${name}`;
}

export function valueElement(value: unknown): string {
  return `v:${JSON.stringify(value)}`;
}

/** @param keys with their values, in any order; they are written sorted */
export function keyElement(keys: readonly (readonly [string, unknown])[]): string {
  const sorted = keys.length > 1 ? keys.toSorted(([a], [b]) => (a < b ? -1 : 1)) : keys;
  const pairs = sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `k:{${pairs.join(',')}}`;
}

/** The name in a field's element; undefined for other elements. */
export function fieldNameOf(element: string): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/** For people, e.g. `.spec`, `[name="a"]`, `[="x"]`, `[3]`. */
export function formatElement(element: string): string {
  const rest = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${rest}`;
    case 'v:':
      return `[=${rest}]`;
    case 'k:': {
      const keys: unknown = JSON.parse(rest);
      const pairs = Object.entries(isRecord(keys) ? keys : {});
      return `[${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    default:
      return `[${rest}]`;
  }
}

/** For people, e.g. `.spec.ports[name="http"].port`. */
export function formatPath(path: readonly string[]): string {
  return path.map(formatElement).join('');
}

const RANKS: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

/** Order in which elements are written: fields, keys, values, indexes. */
export function compareElements(a: string, b: string): number {
  const byKind = (RANKS[a.charAt(0)] ?? -1) - (RANKS[b.charAt(0)] ?? -1);
  if (byKind !== 0) return byKind;
  const [x, y] = [Number(a.slice(2)), Number(b.slice(2))];
  if (!a.startsWith('f:') && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * An element in the one form in which it is compared.
 * @returns undefined for a kind of element that this version does not know
 * @throws SyntaxError for what is no element
 */
export function parseElement(text: string): string | undefined {
  if (text.charAt(1) !== ':') throw new SyntaxError(`missing colon: ${text}`);
  const rest = text.slice(2);
  switch (text.charAt(0)) {
    case 'f':
      return text;
    case 'v':
      return valueElement(JSON.parse(rest));
    case 'k': {
      const keys: unknown = JSON.parse(rest);
      if (!isRecord(keys)) throw new SyntaxError(`not an object of keys: ${text}`);
      return keyElement(Object.entries(keys));
    }
    case 'i':
      if (!/^-?\d{1,15}$/.test(rest)) throw new SyntaxError(`not an index: ${text}`);
      return `i:${Number(rest)}`;
    default:
      return undefined;
  }
}
