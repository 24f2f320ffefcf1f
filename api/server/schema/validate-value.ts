import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { FieldError } from './field-error.ts';
import { elementPath, fieldPath } from './field-path.ts';
import { validateJunctors } from './validate-junctors.ts';
import { validateList } from './validate-list.ts';
import { validateNumber, validateString } from './validate-scalar.ts';

/** Errors of `value` against `schema`, in the order of the schema's fields. Unknown fields are not its matter. */
export function validateValue(value: unknown, schema: StructuralSchema, path: string): FieldError[] {
  const typeError = checkType(value, schema, path);
  if (typeError !== undefined) return [typeError];
  if (value === null) return [];
  return [...validatePlain(value, schema, path), ...validateJunctors(value, schema, path)];
}

/** What the schema itself demands of a value of the right type. */
function validatePlain(value: unknown, schema: StructuralSchema, path: string): FieldError[] {
  if (schema.enum !== undefined && !schema.enum.some((allowed) => isDeepStrictEqual(allowed, value))) {
    const supported = schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ');
    return [{ field: path, type: 'FieldValueNotSupported', value, detail: `supported values: ${supported}` }];
  }
  if (typeof value === 'string') return validateString(value, schema, path);
  if (typeof value === 'number') return validateNumber(value, schema, path);
  if (Array.isArray(value)) {
    const { items } = schema;
    const elements =
      items === undefined
        ? []
        : value.flatMap((element, index) => validateValue(element, items, elementPath(path, index)));
    return [...validateList(value, schema, path), ...elements];
  }
  return isRecord(value) ? validateObject(value, schema, path) : [];
}

/** What a value must be when it is of the wrong type, with an article. */
const TYPE_WORDS: Readonly<Record<NonNullable<StructuralSchema['type']>, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string (in YAML, put it in quotes)',
  integer: 'a whole number without quotes',
  number: 'a number without quotes',
  boolean: 'true or false without quotes',
};

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function checkType(value: unknown, schema: StructuralSchema, path: string): FieldError | undefined {
  if (value === null && schema.nullable === true) return undefined;
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value === 'string' || typeof value === 'number') return undefined;
    return {
      field: path,
      type: 'FieldValueTypeInvalid',
      value,
      detail: `must be a number or a string, not ${typeOf(value)}`,
    };
  }
  if (schema.type === undefined || hasType(value, schema.type)) return undefined;
  const detail = `must be ${TYPE_WORDS[schema.type]}, not ${typeOf(value)}`;
  return { field: path, type: 'FieldValueTypeInvalid', value, detail };
}

function hasType(value: unknown, type: NonNullable<StructuralSchema['type']>): boolean {
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function validateObject(value: JsonRecord, schema: StructuralSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const properties = schema.properties ?? {};
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(value, name)) continue;
    const detail = (properties[name]?.description ?? '').replace(/\.$/, '');
    errors.push({ field: fieldPath(path, name), type: 'FieldValueRequired', detail });
  }
  const count = Object.keys(value).length;
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    const detail = `must have at least ${schema.minProperties} ${schema.minProperties === 1 ? 'entry' : 'entries'}`;
    errors.push({ field: path, type: 'FieldValueInvalid', value, detail });
  }
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    const detail = `must have at most ${schema.maxProperties} entries`;
    errors.push({ field: path, type: 'FieldValueTooMany', value: count, detail });
  }
  for (const [name, child] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) errors.push(...validateValue(value[name], child, fieldPath(path, name)));
  }
  if (schema.additionalProperties === undefined) return errors;
  for (const [key, child] of Object.entries(value)) {
    if (!Object.hasOwn(properties, key)) {
      errors.push(...validateValue(child, schema.additionalProperties, elementPath(path, key)));
    }
  }
  return errors;
}
