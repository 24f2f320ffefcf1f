import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { elementPath, fieldPath } from './field-path.ts';

/** A pruned copy, and the paths of what was cut off. */
export interface Pruned {
  readonly value: unknown;
  readonly unknownFields: string[];
}

/**
 * A deep copy of `value` with only the fields that `schema` names, except below preserve-unknown-fields.
 * A null in a field that may not be null is dropped: a client that sends it means "not set" (Kubernetes does the same).
 * A value of the wrong type is copied as it is, for the validation to report.
 */
export function prune(value: unknown, schema: StructuralSchema): Pruned {
  const unknownFields: string[] = [];
  return { value: pruneAt(value, schema, '', unknownFields), unknownFields };
}

function pruneAt(value: unknown, schema: StructuralSchema, path: string, unknownFields: string[]): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return structuredClone(value);
    return value.map((element, index) => pruneAt(element, items, elementPath(path, index), unknownFields));
  }
  if (!isRecord(value)) return value;
  const { properties, additionalProperties } = schema;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (
    properties === undefined &&
    additionalProperties === undefined &&
    (preserves || schema.type !== 'object')
  ) {
    return structuredClone(value);
  }
  const result: JsonRecord = {};
  for (const [name, child] of Object.entries(value)) {
    if (child === undefined) continue;
    const childPath = additionalProperties === undefined ? fieldPath(path, name) : elementPath(path, name);
    const childSchema = ownProperty(properties, name) ?? additionalProperties;
    if (childSchema === undefined) {
      if (preserves) setField(result, name, structuredClone(child));
      else unknownFields.push(childPath);
    } else if (child !== null || childSchema.nullable === true || acceptsAnything(childSchema)) {
      setField(result, name, pruneAt(child, childSchema, childPath, unknownFields));
    }
  }
  return result;
}

function acceptsAnything(schema: StructuralSchema): boolean {
  return schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true;
}

function ownProperty(properties: StructuralSchema['properties'], name: string): StructuralSchema | undefined {
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** Defines the field itself even where its name is `__proto__`, which an assignment would take for the prototype. */
export function setField(target: JsonRecord, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
