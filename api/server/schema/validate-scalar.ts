import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { FieldError } from './field-error.ts';
import { checkFormat } from './formats.ts';

/** Patterns come from the schemas, a handful each: compiled once. */
const compiledPatterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  const known = compiledPatterns.get(pattern);
  if (known !== undefined) return known;
  const expression = new RegExp(pattern, 'u');
  compiledPatterns.set(pattern, expression);
  return expression;
}

/** Whether it has more than `count` code points, which are at most as many as its UTF-16 units, and at least half. */
function isLongerThan(value: string, count: number): boolean {
  if (value.length <= count) return false;
  return value.length > 2 * count || [...value].length > count;
}

/** Length and pattern of a string. Lengths are counted in code points, as in Kubernetes. */
export function validateString(value: string, schema: StructuralSchema, path: string): FieldError[] {
  if (schema.maxLength !== undefined && isLongerThan(value, schema.maxLength)) {
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
  if (schema.minLength !== undefined && !isLongerThan(value, schema.minLength - 1)) {
    const detail = message ?? `must be at least ${schema.minLength} characters long`;
    return [{ field: path, type: 'FieldValueInvalid', value, detail }];
  }
  const wrongFormat = schema.format === undefined ? undefined : checkFormat(schema.format, value);
  if (wrongFormat !== undefined) {
    return [{ field: path, type: 'FieldValueInvalid', value, detail: wrongFormat }];
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
  const isAbove = schema.exclusiveMinimum === true ? value > minimum : value >= minimum;
  const isBelow = schema.exclusiveMaximum === true ? value < maximum : value <= maximum;
  if (isAbove && isBelow)
    return [...validateMultiple(value, schema, path), ...validateWidth(value, schema, path)];
  return [{ field: path, type: 'FieldValueInvalid', value, detail: boundsDetail(schema) }];
}

/** Whole multiples, with room for what binary fractions cannot say. */
function validateMultiple(value: number, { multipleOf }: StructuralSchema, path: string): FieldError[] {
  if (multipleOf === undefined) return [];
  const quotient = value / multipleOf;
  if (Math.abs(quotient - Math.round(quotient)) < 1e-9) return [];
  return [{ field: path, type: 'FieldValueInvalid', value, detail: `must be a multiple of ${multipleOf}` }];
}

function validateWidth(value: number, { type, format }: StructuralSchema, path: string): FieldError[] {
  if (type !== 'integer' || format !== 'int32' || (value >= -(2 ** 31) && value < 2 ** 31)) return [];
  return [{ field: path, type: 'FieldValueInvalid', value, detail: 'must be a number of the int32 format' }];
}

function boundsDetail({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: StructuralSchema): string {
  const above = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
  const below = exclusiveMaximum === true ? 'less than' : 'less than or equal to';
  if (minimum === undefined) return `must be ${below} ${maximum}`;
  if (maximum === undefined) return `must be ${above} ${minimum}`;
  if (exclusiveMinimum === true || exclusiveMaximum === true)
    return `must be ${above} ${minimum} and ${below} ${maximum}`;
  return `must be between ${minimum} and ${maximum}, inclusive`;
}
