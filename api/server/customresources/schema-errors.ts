import type { FieldError } from '../schema/structural.ts';

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { field, type: 'FieldValueInvalid', value, detail };
}

export function required(field: string, detail = ''): FieldError {
  return { field, type: 'FieldValueRequired', detail };
}

export function forbidden(field: string, detail: string): FieldError {
  return { field, type: 'FieldValueForbidden', detail };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const listed = supported.map((one) => JSON.stringify(one)).join(', ');
  return { field, type: 'FieldValueNotSupported', value, detail: `supported values: ${listed}` };
}
