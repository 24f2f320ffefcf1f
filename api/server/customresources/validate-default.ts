import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { elementPath } from '../schema/field-path.ts';
import { prune } from '../schema/prune.ts';
import type { FieldError } from '../schema/structural.ts';
import { validateValue } from '../schema/validate-value.ts';
import { parseSchema } from './parse-schema.ts';
import { invalid } from './schema-errors.ts';

/**
 * The defaults in a schema must be values that the schema takes as they are: valid, and with no field that would be
 * pruned. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go
 */
export function validateDefault(schema: JsonRecord, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { default: value } = schema;
  if (value !== undefined) {
    const at = `${path}.default`;
    const parsed = parseSchema(schema);
    const pruned = prune(value, parsed);
    if (pruned.unknownFields.length > 0 || !isDeepStrictEqual(pruned.value, value))
      errors.push(invalid(at, value, 'must be a pruned value: every field of it must be in the schema'));
    else errors.push(...validateValue(value, parsed, at));
  }
  const { items, additionalProperties, properties } = schema;
  if (isRecord(items)) errors.push(...validateDefault(items, `${path}.items`));
  if (isRecord(additionalProperties))
    errors.push(...validateDefault(additionalProperties, `${path}.additionalProperties`));
  for (const [name, child] of Object.entries(isRecord(properties) ? properties : {})) {
    if (isRecord(child)) errors.push(...validateDefault(child, elementPath(`${path}.properties`, name)));
  }
  return errors;
}
