import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { addMember, attach, type FieldSet, type FieldSetDraft, isEmptySet, LEAF, SELF } from './field-set.ts';
import { fieldElement } from './path-element.ts';
import {
  fieldOf,
  fieldType,
  itemElementOrNone,
  itemType,
  type Shape,
  shapeOf,
  UNTYPED,
} from './value-type.ts';

/** What turns one value into another; no field is in two of the sets. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Draft {
  readonly added: FieldSetDraft;
  readonly modified: FieldSetDraft;
  readonly removed: FieldSetDraft;
}

/** Two values of a field, either of which may be missing, and where to note what differs. */
interface Pair {
  readonly before: unknown;
  readonly after: unknown;
  readonly type: StructuralSchema;
  readonly into: Draft;
  readonly element: string;
}

/** The fields that differ. Source: sigs.k8s.io/structured-merge-diff typed/compare.go */
export function compare(before: JsonRecord, after: JsonRecord, type: StructuralSchema): Comparison {
  const draft: Draft = { added: {}, modified: {}, removed: {} };
  compareFields(before, after, type, draft);
  return draft;
}

/** Whether nothing differs. */
export function isSameComparison({ added, modified, removed }: Comparison): boolean {
  return isEmptySet(added) && isEmptySet(modified) && isEmptySet(removed);
}

function comparePair(pair: Pair): void {
  const { before, after, type } = pair;
  if (before === after) return;
  const shapeBefore = before === undefined ? undefined : shapeOf(type, before);
  const shapeAfter = after === undefined ? shapeBefore : shapeOf(type, after);
  if (shapeBefore !== undefined && shapeBefore !== shapeAfter) compareAs(shapeBefore, pair);
  compareAs(shapeAfter ?? 'leaf', pair);
}

function compareAs(shape: Shape, { before, after, type, into, element }: Pair): void {
  const [from, to] = shape === 'list' ? [listOf(before), listOf(after)] : [mapOf(before), mapOf(after)];
  // Two empty values are compared as wholes, so that an empty one and a null differ.
  if (shape === 'leaf' || (isBare(from) && isBare(to))) {
    compareLeaf(before, after, into, element);
    return;
  }
  const child: Draft = { added: {}, modified: {}, removed: {} };
  if (before === undefined) child.added[SELF] = LEAF;
  if (after === undefined) child.removed[SELF] = LEAF;
  if (Array.isArray(from) && Array.isArray(to)) compareItems(from, to, type, child);
  else compareFields(mapOf(before), mapOf(after), type, child);
  attach(into.added, element, child.added);
  attach(into.modified, element, child.modified);
  attach(into.removed, element, child.removed);
}

function mapOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isBare(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

function compareLeaf(before: unknown, after: unknown, into: Draft, element: string): void {
  if (before === undefined) addMember(into.added, element);
  else if (after === undefined) addMember(into.removed, element);
  else if (!isDeepStrictEqual(before, after)) addMember(into.modified, element);
}

function compareFields(before: JsonRecord, after: JsonRecord, type: StructuralSchema, into: Draft): void {
  for (const name of Object.keys(before)) {
    const [from, to] = [before[name], fieldOf(after, name)];
    if (from === undefined || from === to) continue;
    const childType = fieldType(type, name) ?? UNTYPED;
    comparePair({ before: from, after: to, type: childType, into, element: fieldElement(name) });
  }
  for (const name of Object.keys(after)) {
    if (after[name] === undefined || fieldOf(before, name) !== undefined) continue;
    const childType = fieldType(type, name) ?? UNTYPED;
    comparePair({
      before: undefined,
      after: after[name],
      type: childType,
      into,
      element: fieldElement(name),
    });
  }
}

/** The items by element; an element that stands there more than once has several. */
function itemsByElement(items: readonly unknown[], type: StructuralSchema): Map<string, unknown[]> {
  const result = new Map<string, unknown[]>();
  for (const item of items) {
    const element = itemElementOrNone(type, item);
    if (element === undefined) continue;
    const known = result.get(element);
    if (known === undefined) result.set(element, [item]);
    else known.push(item);
  }
  return result;
}

function compareItems(
  before: readonly unknown[],
  after: readonly unknown[],
  type: StructuralSchema,
  into: Draft,
): void {
  const from = itemsByElement(before, type);
  const to = itemsByElement(after, type);
  for (const element of new Set([...from.keys(), ...to.keys()])) {
    const [olds, news] = [from.get(element) ?? [], to.get(element) ?? []];
    const pair = { type: itemType(type), into, element };
    if (olds.length <= 1 && news.length <= 1) {
      comparePair({ ...pair, before: olds[0], after: news[0] });
    } else if (olds.length > 1 && news.length > 1) {
      if (!isDeepStrictEqual(olds, news)) addMember(into.modified, element);
    } else if (olds.length > 1) {
      // What was there several times was owned as a whole, and becomes an item with parts.
      if (news.length > 0) comparePair({ ...pair, before: undefined, after: news[0] });
      addMember(into.removed, element);
    } else {
      if (olds.length > 0) comparePair({ ...pair, before: olds[0], after: undefined });
      addMember(into.added, element);
    }
  }
}
