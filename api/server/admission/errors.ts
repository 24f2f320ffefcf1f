import type { FieldError } from '../schema/structural.ts';

/*
 * Field errors in upstream's words. Source: k8s.io/apimachinery/pkg/util/validation/field/errors.go
 */

export function required(field: string, detail = ''): FieldError {
  return { field, type: 'FieldValueRequired', detail };
}

export function forbiddenValue(field: string, detail: string): FieldError {
  return { field, type: 'FieldValueForbidden', detail };
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { field, type: 'FieldValueInvalid', value, detail };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(', ');
  return { field, type: 'FieldValueNotSupported', value, detail: `supported values: ${list}` };
}

/** The error of a check that gives the remedy, or nothing where the value is right. */
export function checked(field: string, value: string, remedy: string | undefined): FieldError[] {
  return remedy === undefined ? [] : [invalidValue(field, value, remedy)];
}
