import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { setField } from '../schema/prune.ts';
import { type FieldSet, isEmptySet, isMember } from './field-set.ts';
import { fieldElement } from './path-element.ts';
import { fieldType, itemElementOrNone, itemType, shapeOf, UNTYPED } from './value-type.ts';

/**
 * The object without the fields of `set`, everything below them included.
 * Source: sigs.k8s.io/structured-merge-diff typed/remove.go
 */
export function removeItems(object: JsonRecord, set: FieldSet, type: StructuralSchema): JsonRecord {
  const result = removeBelow(object, set, type);
  return isRecord(result) ? result : {};
}

/** Null where nothing is left: an empty value would be something that a manager may own. */
function removeBelow(value: unknown, set: FieldSet, type: StructuralSchema): unknown {
  if (Array.isArray(value)) {
    return shapeOf(type, value) === 'list' ? removeListItems(value, set, type) : null;
  }
  if (isRecord(value)) return shapeOf(type, value) === 'map' ? removeFields(value, set, type) : null;
  return value;
}

function removeFields(value: JsonRecord, set: FieldSet, type: StructuralSchema): JsonRecord | null {
  const result: JsonRecord = {};
  for (const [name, child] of Object.entries(value)) {
    const node = set[fieldElement(name)];
    if (isMember(node)) continue;
    const kept = node === undefined || isEmptySet(node);
    setField(result, name, kept ? child : removeBelow(child, node, fieldType(type, name) ?? UNTYPED));
  }
  return Object.keys(result).length === 0 ? null : result;
}

function removeListItems(items: readonly unknown[], set: FieldSet, type: StructuralSchema): unknown[] | null {
  const result: unknown[] = [];
  for (const item of items) {
    const element = itemElementOrNone(type, item);
    const node = element === undefined ? undefined : set[element];
    if (isMember(node)) continue;
    result.push(node === undefined ? item : removeBelow(item, node, itemType(type)));
  }
  return result.length === 0 ? null : result;
}
