import { isDeepStrictEqual } from 'node:util';
import type { Environment } from '@marcbachmann/cel-js';
import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';

import { spend } from './cost.ts';

const SYNC = { async: false };

type Comparable = bigint | number | string | boolean;

/** Values of one order: what JavaScript compares by itself. */
function orderOf(value: unknown): Comparable {
  if (value instanceof Date) return value.getTime();
  if (value instanceof UnsignedInt) return BigInt(String(value));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value === 'object' && value !== null && 'getSeconds' in value) return String(value).length;
  return value as Comparable;
}

const ORDERED = new Set(['bigint', 'number', 'string', 'boolean']);

function checkComparable(items: readonly unknown[]): readonly unknown[] {
  const kinds = new Set(items.map((item) => typeof orderOf(item)));
  if ([...kinds].every((kind) => ORDERED.has(kind)) && kinds.size <= 1) return items;
  if ([...kinds].every((kind) => kind === 'bigint' || kind === 'number')) return items;
  throw new TypeError('no such overload');
}

function extreme(items: readonly unknown[], sign: 1 | -1): unknown {
  const [first, ...rest] = checkComparable(items);
  if (first === undefined) throw new RangeError('min/max called on empty list');
  return rest.reduce((best, each) => {
    const [a, b] = [orderOf(each), orderOf(best)];
    return (sign > 0 ? a > b : a < b) ? each : best;
  }, first);
}

function isSorted(items: readonly unknown[]): boolean {
  const order = checkComparable(items).map(orderOf);
  return order.every((item, at) => at === 0 || (order[at - 1] ?? item) <= item);
}

function sum(items: readonly unknown[]): unknown {
  if (items.every((item) => typeof item === 'bigint')) return items.reduce<bigint>((a, b) => a + b, 0n);
  if (items.every((item) => typeof item === 'number')) return items.reduce<number>((a, b) => a + b, 0);
  throw new TypeError('no such overload');
}

function indexOf(items: readonly unknown[], item: unknown): bigint {
  return BigInt(items.findIndex((each) => isDeepStrictEqual(each, item)));
}

function lastIndexOf(items: readonly unknown[], item: unknown): bigint {
  return BigInt(items.findLastIndex((each) => isDeepStrictEqual(each, item)));
}

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'google.protobuf.Timestamp', 'dyn'];

/**
 * Functions of lists, also of those whose types are not known until they are looked at.
 * Source: k8s.io/apiserver/pkg/cel/library/lists.go
 */
export function addLists(environment: Environment): void {
  for (const type of COMPARABLE) {
    environment
      .registerFunction(`list<${type}>.isSorted(): bool`, isSorted, SYNC)
      .registerFunction(`list<${type}>.min(): ${type}`, (items: unknown[]) => extreme(items, -1), SYNC)
      .registerFunction(`list<${type}>.max(): ${type}`, (items: unknown[]) => extreme(items, 1), SYNC);
  }
  for (const type of ['int', 'double', 'dyn'])
    environment.registerFunction(`list<${type}>.sum(): ${type}`, sum, SYNC);
  environment
    .registerFunction('list<T>.indexOf(T): int', indexOf, SYNC)
    .registerFunction('list<T>.lastIndexOf(T): int', lastIndexOf, SYNC);
}

class SetsNamespace {}

function holds(items: readonly unknown[], item: unknown): boolean {
  return items.some((each) => isDeepStrictEqual(each, item));
}

/** Functions of lists as sets. Source: github.com/google/cel-go/ext/sets.go */
export function addSets(environment: Environment): void {
  environment.registerType('SetsNamespace', SetsNamespace);
  environment.registerConstant('sets', 'SetsNamespace', new SetsNamespace());
  const add = (name: string, is: (a: readonly unknown[], b: readonly unknown[]) => boolean) =>
    environment.registerFunction(
      `SetsNamespace.${name}(list<T>, list<T>): bool`,
      (_: SetsNamespace, a: unknown[], b: unknown[]) => {
        spend(a.length * b.length);
        return is(a, b);
      },
      SYNC,
    );
  const contains = (a: readonly unknown[], b: readonly unknown[]) => b.every((item) => holds(a, item));
  add('contains', contains);
  add('equivalent', (a, b) => contains(a, b) && contains(b, a));
  add('intersects', (a, b) => b.some((item) => holds(a, item)));
}
