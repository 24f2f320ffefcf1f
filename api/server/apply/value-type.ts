import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { keyElement, valueElement } from './path-element.ts';

/**
 * How a value is merged and owned: field by field (`map`), item by item (`list`), or as a whole (`leaf`: scalars, and
 * what is declared atomic).
 */
export type Shape = 'map' | 'list' | 'leaf';

/** The type of what no schema describes: maps are merged, everything else is a leaf. */
export const UNTYPED: StructuralSchema = Object.freeze({ 'x-kubernetes-preserve-unknown-fields': true });

/** Whether only the value tells its type ("deduced" upstream). */
export function isUntyped(type: StructuralSchema): boolean {
  return type.type === undefined && type['x-kubernetes-int-or-string'] !== true;
}

/** The shape of a value; of `null`, the one that its type would have. */
export function shapeOf(type: StructuralSchema, value: unknown): Shape {
  if (isUntyped(type)) return isRecord(value) || value === null ? 'map' : 'leaf';
  if (type.type === 'object') {
    if (type['x-kubernetes-map-type'] === 'atomic') return 'leaf';
    return isRecord(value) || value === null ? 'map' : 'leaf';
  }
  if (type.type !== 'array' || !isAssociative(type)) return 'leaf';
  return Array.isArray(value) || value === null ? 'list' : 'leaf';
}

function isAssociative(type: StructuralSchema): boolean {
  const listType = type['x-kubernetes-list-type'];
  return listType === 'set' || listType === 'map';
}

/** Whether `name` is a field that the type declares by its name, as a struct does. */
export function isNamedField(type: StructuralSchema, name: string): boolean {
  return type.properties !== undefined && Object.hasOwn(type.properties, name);
}

/** The type of a field; undefined where the type has no such field. */
export function fieldType(type: StructuralSchema, name: string): StructuralSchema | undefined {
  if (type.properties !== undefined && Object.hasOwn(type.properties, name)) return type.properties[name];
  if (type.additionalProperties !== undefined) return type.additionalProperties;
  const isOpen =
    isUntyped(type) ||
    type['x-kubernetes-preserve-unknown-fields'] === true ||
    (type.type === 'object' && type.properties === undefined);
  return isOpen ? UNTYPED : undefined;
}

/** The type of the items of a list. */
export function itemType(type: StructuralSchema): StructuralSchema {
  return type.items ?? UNTYPED;
}

/** An own field of an object; `undefined` where it has none, or is no object. */
export function fieldOf(value: JsonRecord, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/**
 * The element of an item of a set or of a list with keys. A key that is left out counts with its default.
 * @throws TypeError for an item that has none
 */
export function itemElement(type: StructuralSchema, item: unknown): string {
  if (type['x-kubernetes-list-type'] === 'map') return keyedElement(type, item);
  if (isRecord(item)) throw new TypeError("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new TypeError('not supported: associative list with lists as elements');
  if (item === null || item === undefined) {
    throw new TypeError("associative list without keys has an element that's an explicit null");
  }
  return valueElement(item);
}

function keyedElement(type: StructuralSchema, item: unknown): string {
  if (item === null) throw new TypeError('associative list with keys may not have a null element');
  if (!isRecord(item)) throw new TypeError('associative list with keys may not have non-map elements');
  const names = type['x-kubernetes-list-map-keys'] ?? [];
  const keys: [string, unknown][] = [];
  for (const name of names) {
    const value = fieldOf(item, name) ?? type.items?.properties?.[name]?.default;
    if (value !== undefined) keys.push([name, value]);
  }
  if (keys.length === 0) {
    throw new TypeError(
      `associative list with keys has an element that omits all key fields ${JSON.stringify(names)} (and doesn't have default values for any key fields)`,
    );
  }
  return keyElement(keys);
}

/** As `itemElement`; undefined where the item has none. */
export function itemElementOrNone(type: StructuralSchema, item: unknown): string | undefined {
  try {
    return itemElement(type, item);
  } catch {
    return undefined;
  }
}
