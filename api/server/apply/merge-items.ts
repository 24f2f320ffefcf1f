import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { itemElementOrNone, itemType } from './value-type.ts';

type MergeValue = (live: unknown, config: unknown, type: StructuralSchema) => unknown;

interface Indexed {
  readonly elements: readonly string[];
  readonly items: readonly unknown[];
  readonly first: ReadonlyMap<string, unknown>;
  readonly repeated: ReadonlySet<string>;
}

function index(items: readonly unknown[], type: StructuralSchema): Indexed {
  const known = items
    .map((item) => ({ item, element: itemElementOrNone(type, item) }))
    .filter((entry): entry is { item: unknown; element: string } => entry.element !== undefined);
  const first = new Map<string, unknown>();
  const repeated = new Set<string>();
  for (const { item, element } of known) {
    if (first.has(element)) repeated.add(element);
    else first.set(element, item);
  }
  return {
    elements: known.map(({ element }) => element),
    items: known.map(({ item }) => item),
    first,
    repeated,
  };
}

/**
 * Merges two sets or lists with keys. The order of `config` wins; what only `live` has keeps its place among its
 * neighbours. Items that `live` has several times stay so, unless `config` names them.
 * Source: visitListItems in sigs.k8s.io/structured-merge-diff typed/merge.go
 */
export function mergeItems(
  live: readonly unknown[],
  config: readonly unknown[],
  type: StructuralSchema,
  mergeValue: MergeValue,
): unknown[] | undefined {
  const from = index(live, type);
  const over = index(config, type);
  const shared = over.elements.filter((element) => from.first.has(element));
  const done = new Set<string>();
  const result: unknown[] = [];
  const take = (element: string) => {
    // An item that is there several times has no one value to merge with.
    const before = from.repeated.has(element) ? undefined : from.first.get(element);
    const merged = mergeValue(before, over.first.get(element), itemType(type));
    if (merged !== undefined) result.push(merged);
    done.add(element);
    if (shared[0] === element) shared.shift();
  };
  let left = 0;
  let right = 0;
  while (left < from.elements.length || right < over.elements.length) {
    const [a, b] = [from.elements[left], over.elements[right]];
    if (a !== undefined && a === b) {
      take(a);
      left += 1;
      right += 1;
      continue;
    }
    const isShared = a !== undefined && over.first.has(a);
    if (a !== undefined && b !== undefined && isShared && shared.length > 0 && shared[0] !== a) {
      left += 1;
      continue;
    }
    if (a !== undefined && !isShared) {
      result.push(from.items[left]);
      left += 1;
      continue;
    }
    if (a !== undefined && done.has(a)) left += 1;
    if (b !== undefined) {
      take(b);
      right += 1;
    }
  }
  return result.length === 0 ? undefined : result;
}
