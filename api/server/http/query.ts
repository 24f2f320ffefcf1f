import { invalidOptions, unsupportedOption } from '../read/options-error.ts';
import type { FieldValidation } from '../schema/structural.ts';
import { badRequest } from './errors.ts';

/**
 * A boolean as Kubernetes reads it from a query: absent, `0` and `false` are false, all else is true, `?watch` too.
 * Source: k8s.io/apimachinery/pkg/runtime/conversion.go (Convert_Slice_string_To_bool)
 */
export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** @throws StatusError 400 where it is not a whole number from 0 */
export function countParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^\d{1,15}$/.test(value))
    throw badRequest(`${name}: Invalid value: ${JSON.stringify(value)}: must be a whole number`);
  return Number(value);
}

/**
 * A resourceVersion as a revision; undefined when it is unset.
 * @throws StatusError 400 where it is none that this server gave out
 */
export function parseResourceVersion(value: string | null): number | undefined {
  if (value === null || value === '') return undefined;
  if (!/^\d{1,15}$/.test(value)) throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(value)}`);
  return Number(value);
}

/** Options of every write. */
export interface WriteOptions {
  /** Do everything but the write. */
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

/**
 * @param kind of the request's options, e.g. `PatchOptions`
 * @throws StatusError 422 for values that Kubernetes does not know
 */
export function parseWriteOptions(query: URLSearchParams, kind: string): WriteOptions {
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const wrong = dryRun.find((value) => value !== 'All');
  if (wrong !== undefined) throw invalidOptions(kind, [unsupportedOption('dryRun', wrong, ['All'])]);
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore') {
    throw invalidOptions(kind, [
      unsupportedOption('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']),
    ]);
  }
  return { dryRun: dryRun.length > 0, fieldValidation };
}
