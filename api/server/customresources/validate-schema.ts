import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { compileRules } from '../cel/compile-rules.ts';
import { elementPath } from '../schema/field-path.ts';
import type { FieldError } from '../schema/structural.ts';
import { forbidden, invalid, notSupported, required } from './schema-errors.ts';
import { validateDefault } from './validate-default.ts';
import { validateJunctors } from './validate-junctors.ts';
import { validateRules } from './validate-rules.ts';

/** Keywords of JSON schema that no structural schema may use, and why. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  $ref: '$ref is not supported',
  $schema: 'must not be set',
  id: 'id is not supported',
  definitions: 'definitions is not supported',
  dependencies: 'dependencies is not supported',
  patternProperties: 'patternProperties is not supported',
  additionalItems: 'additionalItems is not supported',
};

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

export type Level = 'root' | 'item' | 'field';

const MISSING_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

/**
 * Why a schema is not structural.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go
 */
export function validateSchema(schema: JsonRecord, path: string): FieldError[] {
  const errors = validateLevel(schema, 'root', path);
  if (errors.length > 0) return errors;
  return [...validateDefault(schema, path), ...compileRules(schema as StructuralSchema, path).errors];
}

function validateLevel(schema: JsonRecord, level: Level, path: string): FieldError[] {
  return [
    ...validateType(schema, level, path),
    ...validateKeywords(schema, path),
    ...validateExtensions(schema, path),
    ...validateMetadata(schema, level, path),
    ...validateJunctors(schema, path),
    ...validateRules(schema, path),
    ...validateChildren(schema, level, path),
  ];
}

function validateType(schema: JsonRecord, level: Level, path: string): FieldError[] {
  const { type } = schema;
  const at = `${path}.type`;
  if (type !== undefined && type !== '' && !TYPES.includes(String(type)))
    return [notSupported(at, type, TYPES)];
  const isEmpty = type === undefined || type === '';
  if (schema['x-kubernetes-embedded-resource'] === true && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    return [isEmpty ? required(at, detail) : invalid(at, type, detail)];
  }
  const isFree =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (isEmpty) return isFree && level !== 'root' ? [] : [required(at, MISSING_TYPE[level])];
  if (level === 'root' && type !== 'object') return [invalid(at, type, 'must be object at the root')];
  if (type === 'array' && !isRecord(schema.items)) return [required(`${path}.items`, 'must be specified')];
  return [];
}

function validateKeywords(schema: JsonRecord, path: string): FieldError[] {
  const errors = Object.entries(FORBIDDEN)
    .filter(([keyword]) => schema[keyword] !== undefined && schema[keyword] !== null)
    .map(([keyword, detail]) => forbidden(`${path}.${keyword}`, detail));
  if (schema.uniqueItems === true) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbidden(`${path}.uniqueItems`, detail));
  }
  if (typeof schema.pattern === 'string') {
    try {
      new RegExp(schema.pattern, 'u');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      errors.push(
        invalid(`${path}.pattern`, schema.pattern, `must be a valid regular expression, but isn't: ${why}`),
      );
    }
  }
  return errors;
}

function validateExtensions(schema: JsonRecord, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const flag = (name: string) => schema[`x-kubernetes-${name}`] === true;
  const at = (name: string) => `${path}.x-kubernetes-${name}`;
  for (const name of ['preserve-unknown-fields', 'embedded-resource']) {
    if (flag('int-or-string') && flag(name))
      errors.push(invalid(at(name), true, 'must be false if x-kubernetes-int-or-string is true'));
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalid(at('preserve-unknown-fields'), false, 'must be true or undefined'));
  if (flag('int-or-string') && schema.type !== undefined && schema.type !== '')
    errors.push(invalid(`${path}.type`, schema.type, 'must be empty if x-kubernetes-int-or-string is true'));
  if (flag('embedded-resource') && !flag('preserve-unknown-fields') && !hasFields(schema)) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(required(`${path}.properties`, detail));
  }
  return [...errors, ...validateListType(schema, path), ...validateMapType(schema, path)];
}

function hasFields({ properties }: JsonRecord): boolean {
  return isRecord(properties) && Object.keys(properties).length > 0;
}

function validateMapType(schema: JsonRecord, path: string): FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const at = `${path}.x-kubernetes-map-type`;
  if (schema.type !== 'object')
    return [
      invalid(`${path}.type`, schema.type ?? '', 'must be object if x-kubernetes-map-type is specified'),
    ];
  return mapType === 'atomic' || mapType === 'granular'
    ? []
    : [notSupported(at, mapType, ['atomic', 'granular'])];
}

function validateListType(schema: JsonRecord, path: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  const keysAt = `${path}.x-kubernetes-list-map-keys`;
  if (listType === undefined) {
    return keys === undefined
      ? []
      : [
          required(
            `${path}.x-kubernetes-list-type`,
            'must be map if x-kubernetes-list-map-keys is non-empty',
          ),
        ];
  }
  if (schema.type !== 'array')
    return [
      invalid(`${path}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is specified'),
    ];
  if (listType !== 'atomic' && listType !== 'set' && listType !== 'map')
    return [notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'map', 'set'])];
  if (listType !== 'map') {
    return keys === undefined
      ? []
      : [
          invalid(
            `${path}.x-kubernetes-list-type`,
            listType,
            'must be map if x-kubernetes-list-map-keys is non-empty',
          ),
        ];
  }
  if (!Array.isArray(keys) || keys.length === 0)
    return [required(keysAt, 'must not be empty if x-kubernetes-list-type is map')];
  return validateMapKeys(schema, keys, path);
}

/** Each key must be a scalar field of the items, and always there: required or defaulted. */
function validateMapKeys(schema: JsonRecord, keys: readonly unknown[], path: string): FieldError[] {
  const items = isRecord(schema.items) ? schema.items : {};
  if (items.type !== 'object') {
    return [
      invalid(
        `${path}.items.type`,
        items.type,
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    ];
  }
  const properties = isRecord(items.properties) ? items.properties : {};
  const needed = Array.isArray(items.required) ? items.required : [];
  return keys.flatMap((key, index): FieldError[] => {
    const at = elementPath(`${path}.x-kubernetes-list-map-keys`, index);
    const field = properties[String(key)];
    if (!isRecord(field)) return [invalid(at, key, 'entry must be one of the properties of the items')];
    if (field.type === 'object' || field.type === 'array')
      return [
        invalid(
          `${path}.items.properties[${String(key)}].type`,
          field.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      ];
    if (needed.includes(key) || field.default !== undefined) return [];
    return [
      required(
        `${path}.items.properties[${String(key)}].default`,
        `this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
      ),
    ];
  });
}

/** At the root and in embedded objects the server knows apiVersion, kind and metadata itself. */
function validateMetadata(schema: JsonRecord, level: Level, path: string): FieldError[] {
  if (level !== 'root' && schema['x-kubernetes-embedded-resource'] !== true) return [];
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const errors: FieldError[] = [];
  for (const name of ['apiVersion', 'kind']) {
    const child = properties[name];
    if (isRecord(child) && child.type !== 'string')
      errors.push(invalid(`${path}.properties[${name}].type`, child.type ?? '', 'must be string'));
  }
  const { metadata } = properties;
  if (!isRecord(metadata)) return errors;
  const at = `${path}.properties[metadata]`;
  if (metadata.type !== 'object') errors.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'));
  const { type: _, properties: fields, description: __, ...more } = metadata;
  const named = Object.keys(isRecord(fields) ? fields : {});
  if (
    level === 'root' &&
    (Object.keys(more).length > 0 || named.some((name) => name !== 'name' && name !== 'generateName'))
  ) {
    errors.push(
      forbidden(
        at,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
  }
  return errors;
}

function validateChildren(schema: JsonRecord, level: Level, path: string): FieldError[] {
  const { properties, additionalProperties, items } = schema;
  const errors: FieldError[] = [];
  if (additionalProperties !== undefined && additionalProperties !== null) {
    const at = `${path}.additionalProperties`;
    if (level === 'root') errors.push(forbidden(at, 'must not be used at the root'));
    if (hasFields(schema) && additionalProperties !== true)
      errors.push(forbidden(at, 'additionalProperties and properties are mutual exclusive'));
    if (isRecord(additionalProperties)) errors.push(...validateLevel(additionalProperties, 'field', at));
  }
  if (Array.isArray(items))
    errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  else if (isRecord(items)) errors.push(...validateLevel(items, 'item', `${path}.items`));
  for (const [name, child] of Object.entries(isRecord(properties) ? properties : {})) {
    // Root metadata is the server's own.
    if (level === 'root' && name === 'metadata') continue;
    if (isRecord(child))
      errors.push(...validateLevel(child, 'field', elementPath(`${path}.properties`, name)));
  }
  return errors;
}
