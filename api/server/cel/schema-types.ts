import { isDeepStrictEqual } from 'node:util';
import type { Environment } from '@marcbachmann/cel-js';
import { isRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';

/** A schema as the expression language knows it: the name of its type, and how JSON becomes a value of it. */
export interface CelType {
  readonly name: string;
  convert(value: unknown): unknown;
}

const DYN: CelType = { name: 'dyn', convert: convertFree };

/** JSON whose type no schema tells: whole numbers are ints, as where Kubernetes decodes them. */
function convertFree(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(convertFree);
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, convertFree(each)]));
  return value;
}

function scalarType({ type, format }: StructuralSchema): CelType {
  switch (type) {
    case 'integer':
      return { name: 'int', convert: convertFree };
    case 'number':
      return { name: 'double', convert: (value) => value };
    case 'boolean':
      return { name: 'bool', convert: (value) => value };
    case 'string':
      if (format === 'date-time' || format === 'date')
        return { name: 'google.protobuf.Timestamp', convert: (value) => new Date(String(value)) };
      if (format === 'byte')
        return { name: 'bytes', convert: (value) => new Uint8Array(Buffer.from(String(value), 'base64')) };
      return { name: 'string', convert: (value) => value };
    default:
      return DYN;
  }
}

const RESERVED_WORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/**
 * A property's name as rules write it; undefined where no rule can.
 * Source: apiserver/pkg/cel/escaping.go
 */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined;
  // The evaluator tells a value's type by its constructor.
  if (name === 'constructor') return undefined;
  if (RESERVED_WORDS.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

const METADATA: StructuralSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, generateName: { type: 'string' } },
};

/** What every object has besides its schema; of its metadata only the name can be asked. */
export function asResource(schema: StructuralSchema): StructuralSchema {
  const string: StructuralSchema = { type: 'string' };
  return {
    ...schema,
    properties: { ...schema.properties, apiVersion: string, kind: string, metadata: METADATA },
  };
}

function objectType(environment: Environment, schema: StructuralSchema): CelType {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const escaped = escapeName(name);
    return escaped === undefined ? [] : [{ name, escaped, type: celTypeOf(environment, child) }];
  });
  const shape = class {};
  // A field's absence must not be filled by what every object inherits.
  Object.setPrototypeOf(shape.prototype, null);
  const name = `Object${nextTypeId++}`;
  environment.registerType(name, {
    ctor: shape,
    fields: Object.fromEntries(fields.map(({ escaped, type }) => [escaped, type.name])),
  });
  environment.registerOperator(`${name} == ${name}`, (a: unknown, b: unknown) => isDeepStrictEqual(a, b));
  return {
    name,
    convert(value) {
      if (!isRecord(value)) return value;
      const present = fields.filter(
        (field) => Object.hasOwn(value, field.name) && value[field.name] !== undefined,
      );
      return Object.assign(
        new shape(),
        Object.fromEntries(present.map((field) => [field.escaped, field.type.convert(value[field.name])])),
      );
    },
  };
}

/** Names of types must differ within an environment; no rule can see them. */
let nextTypeId = 0;

/** Registers the type of a schema, with everything below it, and tells how its values are made. */
export function celTypeOf(environment: Environment, schema: StructuralSchema): CelType {
  const type = baseTypeOf(environment, schema);
  if (schema.nullable !== true) return type;
  return { name: 'dyn', convert: (value) => (value === null ? null : type.convert(value)) };
}

function baseTypeOf(environment: Environment, schema: StructuralSchema): CelType {
  if (schema['x-kubernetes-int-or-string'] === true) return DYN;
  if (schema['x-kubernetes-embedded-resource'] === true) return objectType(environment, asResource(schema));
  if (schema.type === 'array' && schema.items !== undefined) {
    const item = celTypeOf(environment, schema.items);
    return {
      name: `list<${item.name}>`,
      convert: (value) => (Array.isArray(value) ? value.map((each) => item.convert(each)) : value),
    };
  }
  if (schema.type !== 'object') return scalarType(schema);
  if (schema.additionalProperties === undefined) return objectType(environment, schema);
  const entry = celTypeOf(environment, schema.additionalProperties);
  return {
    name: `map<string, ${entry.name}>`,
    convert: (value) =>
      isRecord(value)
        ? new Map(Object.entries(value).map(([key, each]) => [key, entry.convert(each)]))
        : value,
  };
}
