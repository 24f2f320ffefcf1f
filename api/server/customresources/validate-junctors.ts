import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { elementPath } from '../schema/field-path.ts';
import type { FieldError } from '../schema/structural.ts';
import { forbidden } from './schema-errors.ts';

/** What a schema inside allOf, anyOf, oneOf and not may not say, for it only judges values. */
const EMPTY_INSIDE: Readonly<Record<string, string>> = {
  type: 'must be empty to be structural',
  additionalProperties: 'must be undefined to be structural',
  default: 'must be undefined to be structural',
  title: 'must be empty to be structural',
  description: 'must be empty to be structural',
  nullable: 'must be false to be structural',
  'x-kubernetes-preserve-unknown-fields': 'must be false to be structural',
  'x-kubernetes-embedded-resource': 'must be false to be structural',
  'x-kubernetes-int-or-string': 'must be false to be structural',
  'x-kubernetes-list-map-keys': 'must be empty to be structural',
  'x-kubernetes-list-type': 'must be undefined to be structural',
  'x-kubernetes-map-type': 'must be undefined to be structural',
  'x-kubernetes-validations': 'must be empty to be structural',
};

/** The two ways in which an int-or-string may repeat its types. */
function isIntOrStringPair(branches: unknown): boolean {
  if (!Array.isArray(branches) || branches.length !== 2) return false;
  const types = branches.map((branch) => (isRecord(branch) ? branch.type : undefined));
  return (
    types[0] === 'integer' && types[1] === 'string' && branches.every((one) => Object.keys(one).length === 1)
  );
}

/** What is wrong with the junctors of one level. */
export function validateJunctors(schema: JsonRecord, path: string): FieldError[] {
  const mayRepeat = schema['x-kubernetes-int-or-string'] === true;
  const errors: FieldError[] = [];
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    const branches = schema[junctor];
    if (!Array.isArray(branches)) continue;
    if (junctor === 'anyOf' && mayRepeat && isIntOrStringPair(branches)) continue;
    for (const [index, branch] of branches.entries()) {
      if (!isRecord(branch)) continue;
      if (junctor === 'allOf' && index === 0 && mayRepeat && isIntOrStringPair(branch.anyOf)) continue;
      errors.push(...validateInside(branch, elementPath(`${path}.${junctor}`, index)));
    }
  }
  if (isRecord(schema.not)) errors.push(...validateInside(schema.not, `${path}.not`));
  return errors;
}

function validateInside(schema: JsonRecord, path: string): FieldError[] {
  const errors = Object.entries(EMPTY_INSIDE)
    .filter(([keyword]) => {
      const value = schema[keyword];
      return value !== undefined && value !== false && value !== '';
    })
    .map(([keyword, detail]) => forbidden(`${path}.${keyword}`, detail));
  if (isRecord(schema.items)) errors.push(...validateInside(schema.items, `${path}.items`));
  for (const [name, child] of Object.entries(isRecord(schema.properties) ? schema.properties : {})) {
    const at = elementPath(`${path}.properties`, name);
    if (name === 'metadata') errors.push(forbidden(at, 'must not be specified in a nested context'));
    if (isRecord(child)) errors.push(...validateInside(child, at));
  }
  return [...errors, ...validateJunctors(schema, path)];
}
