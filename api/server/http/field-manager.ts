import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import type { FieldError } from '../schema/field-error.ts';
import { invalid } from './errors.ts';

const FIELD_MANAGER_LENGTH_MAX = 128;
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** Options of a request are reported as an object of their kind. */
function optionsKind(kind: string): ResourceInfo {
  return { group: 'meta.k8s.io', version: 'v1', kind, plural: kind } as ResourceInfo;
}

function fieldManagerErrors(fieldManager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(fieldManager) > FIELD_MANAGER_LENGTH_MAX) {
    errors.push({
      field: 'fieldManager',
      type: 'FieldValueTooLong',
      detail: `may not be more than ${FIELD_MANAGER_LENGTH_MAX} bytes`,
    });
  }
  const character = UNPRINTABLE.exec(fieldManager);
  if (character !== null) {
    const code = (character[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    errors.push({
      field: 'fieldManager',
      type: 'FieldValueInvalid',
      value: fieldManager,
      detail: `invalid character U+${code} (at position ${character.index})`,
    });
  }
  return errors;
}

/** The first word of a User-Agent: `kubectl/v1.32.4 (linux/amd64) ...` is `kubectl`. */
function managerOfAgent(userAgent: string | undefined): string {
  const [prefix = ''] = (userAgent ?? '').split('/', 1);
  const printable = [...prefix].filter((character) => !UNPRINTABLE.test(character)).join('');
  return printable.slice(0, FIELD_MANAGER_LENGTH_MAX);
}

/**
 * Who owns the fields that a write changes: `fieldManager` of the query, else the program in the User-Agent.
 * @param kind of the request's options, e.g. `PatchOptions`
 * @throws StatusError 422 for a name that is too long or not printable
 */
export function fieldManagerOf(query: URLSearchParams, userAgent: string | undefined, kind: string): string {
  const fieldManager = query.get('fieldManager') ?? '';
  const errors = fieldManagerErrors(fieldManager);
  if (errors.length > 0) throw invalid(optionsKind(kind), '', errors);
  return fieldManager || managerOfAgent(userAgent) || 'unknown';
}

/**
 * The options that only one kind of patch has: apply needs a manager, and only apply knows force.
 * @returns whether to take over what others own
 * @throws StatusError 422
 */
export function checkPatchOptions(query: URLSearchParams, isApply: boolean): boolean {
  const force = query.get('force');
  const errors: FieldError[] = [];
  if (isApply && !query.get('fieldManager')) {
    errors.push({ field: 'fieldManager', type: 'FieldValueRequired', detail: 'is required for apply patch' });
  }
  if (!isApply && force !== null) {
    errors.push({
      field: 'force',
      type: 'FieldValueForbidden',
      detail: 'may not be specified for non-apply patch',
    });
  }
  if (errors.length > 0) throw invalid(optionsKind('PatchOptions'), '', errors);
  return force !== null && force !== '' && force !== '0' && force.toLowerCase() !== 'false';
}
