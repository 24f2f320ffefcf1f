import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';

const ANYTHING: StructuralSchema = { 'x-kubernetes-preserve-unknown-fields': true };

/**
 * The schema of a definition in the form that the server works with. `additionalProperties: true` becomes a schema
 * that takes anything; flags that are false are left out.
 */
export function parseSchema(schema: JsonRecord): StructuralSchema {
  const result: JsonRecord = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined || value === null || value === false) continue;
    result[keyword] = parseKeyword(keyword, value);
  }
  return result as StructuralSchema;
}

function parseKeyword(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
      return isRecord(value)
        ? Object.fromEntries(Object.entries(value).map(([name, child]) => [name, parseChild(child)]))
        : value;
    case 'additionalProperties':
      return value === true ? ANYTHING : parseChild(value);
    case 'items':
    case 'not':
      return parseChild(value);
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return Array.isArray(value) ? value.map(parseChild) : value;
    default:
      return value;
  }
}

function parseChild(value: unknown): StructuralSchema {
  return parseSchema(isRecord(value) ? value : {});
}
