import { z } from 'zod';
import { isRecord, type JsonRecord } from './json-record.ts';
import { patternMessages } from './pattern-message.ts';

/** A rule in CEL over the value at its place. Source: apiextensions.k8s.io/v1 ValidationRule */
export interface ValidationRule {
  rule: string;
  message?: string;
  /** CEL that gives the message; goes before `message`. */
  messageExpression?: string;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
  /** Where below the rule's place the error is told, e.g. `.spec.size`. */
  fieldPath?: string;
  /** Whether a rule over `oldSelf` is also asked where there was no old value. */
  optionalOldSelf?: boolean;
}

/**
 * A Kubernetes structural OpenAPI v3 schema: every level has one type, and what is not named is pruned.
 * Source: kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions
 */
export interface StructuralSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  format?: string;
  title?: string;
  description?: string;
  default?: unknown;
  nullable?: boolean;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: false;
  minProperties?: number;
  maxProperties?: number;
  items?: StructuralSchema;
  properties?: { [field: string]: StructuralSchema };
  additionalProperties?: StructuralSchema;
  required?: string[];
  /** The four junctors judge values; what fields there are is told by the schema around them alone. */
  allOf?: StructuralSchema[];
  anyOf?: StructuralSchema[];
  oneOf?: StructuralSchema[];
  not?: StructuralSchema;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-embedded-resource'?: true;
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-validations'?: ValidationRule[];
  /** What a value that misses `pattern` must be, for people; Holt's own, never published. */
  'x-holt-message'?: string;
}

/** Keywords that mean the same in JSON schema and in a structural schema. */
const SHARED_KEYWORDS = [
  'description',
  'default',
  'enum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
  'x-holt-message',
] as const;

/** Keywords that are turned into something else, or that say nothing more than the rest of the schema. */
const HANDLED_KEYWORDS = new Set<string>([
  ...SHARED_KEYWORDS,
  ...['$schema', 'type', 'const', 'anyOf', 'properties', 'additionalProperties', 'propertyNames', 'items'],
  ...['format', 'pattern', 'minimum', 'maximum'],
]);

/**
 * The structural schema of what a client may send for `schema`: defaulted fields are optional.
 * @throws TypeError for a zod construct that has no structural form; names where it stands
 */
export function structuralSchemaOf(schema: z.ZodType): StructuralSchema {
  const jsonSchema = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema: target }) => {
      const messages = patternMessages(zodSchema);
      if (messages.length > 0) Object.assign(target, { 'x-holt-message': messages.join('; ') });
    },
  });
  return convert(jsonSchema, '');
}

function convert(jsonSchema: unknown, path: string): StructuralSchema {
  if (!isRecord(jsonSchema))
    throw new TypeError(`${path || 'root'}: a boolean schema has no structural form`);
  for (const keyword of Object.keys(jsonSchema)) {
    if (!HANDLED_KEYWORDS.has(keyword)) {
      throw new TypeError(`${path || 'root'}: "${keyword}" has no structural form`);
    }
  }
  const onlyBranch = nullableBranch(jsonSchema);
  if (onlyBranch !== undefined) return { ...convert(onlyBranch, path), nullable: true };
  const result: StructuralSchema = {};
  for (const keyword of SHARED_KEYWORDS) {
    if (jsonSchema[keyword] !== undefined) Object.assign(result, { [keyword]: jsonSchema[keyword] });
  }
  applyType(result, jsonSchema, path);
  applyStringAndNumber(result, jsonSchema);
  applyChildren(result, jsonSchema, path);
  return result;
}

/** `anyOf: [X, null]` is X that may be null; the annotations around the union hold for X. */
function nullableBranch(jsonSchema: JsonRecord): JsonRecord | undefined {
  const { anyOf, ...annotations } = jsonSchema;
  if (!Array.isArray(anyOf)) return undefined;
  const [branch, another] = anyOf.filter((candidate) => !isRecord(candidate) || candidate.type !== 'null');
  if (anyOf.length !== 2 || another !== undefined || !isRecord(branch)) return undefined;
  return { ...branch, ...annotations };
}

/** The types a schema admits, through `type`, `const`, `enum` and unions of scalars. */
function admittedTypes(jsonSchema: JsonRecord): string[] {
  if (typeof jsonSchema.type === 'string') return [jsonSchema.type];
  if (Array.isArray(jsonSchema.type)) return jsonSchema.type.map(String);
  if (Array.isArray(jsonSchema.anyOf)) {
    return jsonSchema.anyOf.flatMap((branch) => (isRecord(branch) ? admittedTypes(branch) : []));
  }
  return [];
}

function applyType(result: StructuralSchema, jsonSchema: JsonRecord, path: string): void {
  const types = new Set(admittedTypes(jsonSchema));
  if (types.delete('null')) result.nullable = true;
  if (types.has('string') && (types.has('number') || types.has('integer'))) {
    result['x-kubernetes-int-or-string'] = true;
    return;
  }
  const [type, another] = types;
  if (another !== undefined)
    throw new TypeError(`${path}: a union of ${[...types].join(', ')} has no structural form`);
  switch (type) {
    case undefined:
      result['x-kubernetes-preserve-unknown-fields'] = true;
      return;
    case 'object':
    case 'array':
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      result.type = type;
      return;
    default:
      throw new TypeError(`${path}: type ${type} has no structural form`);
  }
}

function applyStringAndNumber(result: StructuralSchema, jsonSchema: JsonRecord): void {
  if (jsonSchema.const !== undefined) result.enum = [jsonSchema.const];
  if (typeof jsonSchema.pattern === 'string') result.pattern = jsonSchema.pattern.replaceAll('\\/', '/');
  if (result.type === 'integer') result.format = 'int64';
  if (result.type === 'string' && jsonSchema.format === 'date-time') result.format = 'date-time';
  // zod bounds every integer by what a double holds exactly: true of any JSON number, so not worth publishing.
  for (const bound of ['minimum', 'maximum'] as const) {
    const value = jsonSchema[bound];
    if (typeof value === 'number' && Math.abs(value) !== Number.MAX_SAFE_INTEGER) result[bound] = value;
  }
}

function applyChildren(result: StructuralSchema, jsonSchema: JsonRecord, path: string): void {
  if (jsonSchema.items !== undefined) result.items = convert(jsonSchema.items, `${path}[]`);
  if (isRecord(jsonSchema.properties)) {
    result.properties = Object.fromEntries(
      Object.entries(jsonSchema.properties).map(([name, child]) => [name, convert(child, `${path}.${name}`)]),
    );
  }
  const rest = jsonSchema.additionalProperties;
  if (!isRecord(rest)) return;
  if (result.properties !== undefined || Object.keys(rest).length === 0) {
    result['x-kubernetes-preserve-unknown-fields'] = true;
  } else {
    result.additionalProperties = convert(rest, `${path}[*]`);
  }
}
