import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { FieldError } from './field-error.ts';
import { elementPath } from './field-path.ts';

/** Length of a list, and that no two elements of a set or map-like list are the same. */
export function validateList(
  value: readonly unknown[],
  schema: StructuralSchema,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    const detail = `must have at least ${schema.minItems} ${schema.minItems === 1 ? 'item' : 'items'}`;
    errors.push({ field: path, type: 'FieldValueInvalid', value, detail });
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    const detail = `must have at most ${schema.maxItems} items`;
    errors.push({ field: path, type: 'FieldValueTooMany', value: value.length, detail });
  }
  return [...errors, ...duplicates(value, schema, path)];
}

function duplicates(value: readonly unknown[], schema: StructuralSchema, path: string): FieldError[] {
  const identityOf = identityFunction(schema);
  if (identityOf === undefined) return [];
  const seen = new Set<string>();
  return value.flatMap((element, index): FieldError[] => {
    const identity = identityOf(element);
    if (identity === undefined) return [];
    const text = JSON.stringify(identity);
    if (!seen.has(text)) {
      seen.add(text);
      return [];
    }
    return [{ field: elementPath(path, index), type: 'FieldValueDuplicate', value: identity, detail: '' }];
  });
}

/** What makes an element the same as another: its keys in a map-like list, its value in a set. */
function identityFunction(schema: StructuralSchema): ((element: unknown) => unknown) | undefined {
  if (schema['x-kubernetes-list-type'] === 'set') return (element) => element;
  if (schema['x-kubernetes-list-type'] !== 'map') return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return (element) => {
    if (!isRecord(element)) return undefined;
    const identity: JsonRecord = {};
    for (const key of keys) identity[key] = element[key];
    return identity;
  };
}
