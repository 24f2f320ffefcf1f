import type { JsonRecord } from '../../../../crds/generate/json-record.ts';
import type { FieldErrorType } from '../../schema/field-error.ts';
import { checkQualifiedName } from '../../schema/names.ts';

/** What is wrong with a selector, and where: it is refused. */
export interface SelectorFault {
  readonly field: string;
  readonly type: FieldErrorType;
  readonly message: string;
}

function valuesFault({ operator, values }: JsonRecord, path: string): SelectorFault | undefined {
  const field = `${path}.values`;
  const count = Array.isArray(values) ? values.length : 0;
  if ((operator === 'In' || operator === 'NotIn') && count === 0) {
    const message = "Required value: must be specified when `operator` is 'In' or 'NotIn'";
    return { field, type: 'FieldValueRequired', message };
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0) {
    const message = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    return { field, type: 'FieldValueForbidden', message };
  }
  return undefined;
}

/**
 * The first fault of a requirement of a field selector; an operator that nobody knows is none.
 * Source: ValidateFieldSelectorRequirement in k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go
 */
export function fieldRequirementFault(requirement: JsonRecord, path: string): SelectorFault | undefined {
  const { key } = requirement;
  if (typeof key === 'string' && key !== '') return valuesFault(requirement, path);
  return { field: `${path}.key`, type: 'FieldValueRequired', message: 'Required value: must be specified' };
}

/**
 * The first fault of a requirement of a label selector; an operator that nobody knows is none.
 * Source: ValidateLabelSelectorRequirement in k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go
 */
export function labelRequirementFault(requirement: JsonRecord, path: string): SelectorFault | undefined {
  const fault = valuesFault(requirement, path);
  if (fault !== undefined) return fault;
  const key = typeof requirement.key === 'string' ? requirement.key : '';
  const wrong = checkQualifiedName(key);
  if (wrong === undefined) return undefined;
  const message = `Invalid value: ${JSON.stringify(key)}: ${wrong}`;
  return { field: `${path}.key`, type: 'FieldValueInvalid', message };
}
