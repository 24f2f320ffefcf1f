import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { isTimestamp, TIMESTAMP_REMEDY } from '../../../crds/meta/timestamp.ts';
import type { FieldError } from './field-error.ts';

/** Patterns come from the schemas, a handful each: compiled once. */
const compiledPatterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  const known = compiledPatterns.get(pattern);
  if (known !== undefined) return known;
  const expression = new RegExp(pattern, 'u');
  compiledPatterns.set(pattern, expression);
  return expression;
}

/** Length and pattern of a string. Lengths are counted in code points, as in Kubernetes. */
export function validateString(value: string, schema: StructuralSchema, path: string): FieldError[] {
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    return [
      {
        field: path,
        type: 'FieldValueTooLong',
        value,
        detail: `may not be more than ${schema.maxLength} characters`,
      },
    ];
  }
  const message = schema['x-holt-message'];
  if (schema.minLength !== undefined && length < schema.minLength) {
    const detail = message ?? `must be at least ${schema.minLength} characters long`;
    return [{ field: path, type: 'FieldValueInvalid', value, detail }];
  }
  if (schema.format === 'date-time' && !isTimestamp(value)) {
    return [{ field: path, type: 'FieldValueInvalid', value, detail: TIMESTAMP_REMEDY }];
  }
  if (schema.pattern === undefined || compiled(schema.pattern).test(value)) return [];
  return [
    {
      field: path,
      type: 'FieldValueInvalid',
      value,
      detail: message ?? `must match the pattern ${schema.pattern}`,
    },
  ];
}

/** Bounds of a number. */
export function validateNumber(value: number, schema: StructuralSchema, path: string): FieldError[] {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
  if (value >= minimum && value <= maximum) return [];
  return [{ field: path, type: 'FieldValueInvalid', value, detail: boundsDetail(schema) }];
}

function boundsDetail({ minimum, maximum }: StructuralSchema): string {
  if (minimum === undefined) return `must be less than or equal to ${maximum}`;
  if (maximum === undefined) return `must be greater than or equal to ${minimum}`;
  return `must be between ${minimum} and ${maximum}, inclusive`;
}
