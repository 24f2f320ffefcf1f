import { apiVersionOf, type ResourceInfo } from '../../../crds/meta/resource-definition.ts';

/**
 * What is wrong with one field, named as in metav1.CauseType; `unknown` is a field that the kind does not have.
 * Source: k8s.io/apimachinery/pkg/util/validation/field/errors.go
 */
export type FieldErrorType =
  | 'FieldValueInvalid'
  | 'FieldValueRequired'
  | 'FieldValueTypeInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueNotFound'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'unknown';

export interface FieldError {
  /** Path from the object's root: `spec.memory`, `spec.env[0].name`. */
  readonly field: string;
  readonly type: FieldErrorType;
  /** The remedy: what the value must be. */
  readonly detail: string;
  /** What was received; absent where nothing was. */
  readonly value?: unknown;
}

/** A cause of a `Status`, as kubectl prints it. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Message and causes for a `Status`: 400 BadRequest where a field is unknown, else 422 Invalid. */
export interface FormattedFieldErrors {
  readonly message: string;
  readonly causes: StatusCause[];
  readonly code: 400 | 422;
  readonly reason: 'BadRequest' | 'Invalid';
}

const WORDING: Readonly<Record<FieldErrorType, { words: string; showsValue: boolean }>> = {
  FieldValueInvalid: { words: 'Invalid value', showsValue: true },
  FieldValueTypeInvalid: { words: 'Invalid value', showsValue: true },
  FieldValueNotSupported: { words: 'Unsupported value', showsValue: true },
  FieldValueDuplicate: { words: 'Duplicate value', showsValue: true },
  FieldValueNotFound: { words: 'Not found', showsValue: true },
  FieldValueTooMany: { words: 'Too many', showsValue: true },
  FieldValueRequired: { words: 'Required value', showsValue: false },
  FieldValueForbidden: { words: 'Forbidden', showsValue: false },
  FieldValueTooLong: { words: 'Too long', showsValue: false },
  unknown: { words: 'unknown field', showsValue: false },
};

/** Longest value that is repeated to the client; a message is for reading. */
const SHOWN_VALUE_LENGTH_MAX = 256;

function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= SHOWN_VALUE_LENGTH_MAX ? text : `${text.slice(0, SHOWN_VALUE_LENGTH_MAX)}...`;
}

/** The error without its field: `Invalid value: "-1Gi": must be a positive quantity`. */
function errorBody(error: FieldError): string {
  const { words, showsValue } = WORDING[error.type];
  const shown = showsValue ? `${words}: ${showValue(error.value)}` : words;
  return error.detail === '' ? shown : `${shown}: ${error.detail}`;
}

/**
 * The errors in the words that Kubernetes uses, so that kubectl prints them as its users know them.
 * Unknown fields are named apart, as a strict decoding error: the object was not understood, so nothing else is said.
 */
export function formatFieldErrors(
  definition: ResourceInfo,
  name: string,
  errors: readonly FieldError[],
): FormattedFieldErrors {
  const unknown = errors.filter((error) => error.type === 'unknown');
  if (unknown.length > 0) {
    const version = `${definition.kind} in version "${definition.version}" cannot be handled as a ${definition.kind}`;
    const fields = unknown.map((error) => error.detail).join(', ');
    return {
      message: `${version}: strict decoding error: ${fields}`,
      causes: [],
      code: 400,
      reason: 'BadRequest',
    };
  }
  const causes = errors.map((error) => ({
    reason: error.type,
    message: errorBody(error),
    field: error.field,
  }));
  const lines = causes.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  const all = lines.length === 1 ? lines.join('') : `[${lines.join(', ')}]`;
  const kind = apiVersionOf(definition).includes('/')
    ? `${definition.kind}.${definition.group}`
    : definition.kind;
  return {
    message: `${kind} ${JSON.stringify(name)} is invalid: ${all}`,
    causes,
    code: 422,
    reason: 'Invalid',
  };
}
