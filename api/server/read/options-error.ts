import { StatusError } from '../http/status-error.ts';

/** What is wrong with one of the options of a request. */
export interface OptionProblem {
  readonly field: string;
  readonly reason: 'FieldValueForbidden' | 'FieldValueNotSupported' | 'FieldValueInvalid';
  readonly detail: string;
  /** What was received, where the value itself is wrong. */
  readonly value?: string;
}

export function forbiddenOption(field: string, detail: string): OptionProblem {
  return { field, reason: 'FieldValueForbidden', detail };
}

export function unsupportedOption(field: string, value: string, supported: readonly string[]): OptionProblem {
  const detail = `supported values: ${supported.map((each) => JSON.stringify(each)).join(', ')}`;
  return { field, reason: 'FieldValueNotSupported', detail, value };
}

function messageOf({ reason, value, detail }: OptionProblem): string {
  if (reason === 'FieldValueForbidden') return `Forbidden: ${detail}`;
  const words = reason === 'FieldValueInvalid' ? 'Invalid value' : 'Unsupported value';
  return `${words}: ${JSON.stringify(value)}: ${detail}`;
}

/** 422 with a cause an option of a request. */
export function invalidOptions(kind: string, problems: readonly OptionProblem[]): StatusError {
  const causes = problems.map((problem) => ({
    reason: problem.reason,
    message: messageOf(problem),
    field: problem.field,
  }));
  const lines = causes.map(({ field, message }) => `${field}: ${message}`);
  const all = lines.length === 1 ? lines.join('') : `[${lines.join(', ')}]`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${kind}.meta.k8s.io "" is invalid: ${all}`,
    details: { group: 'meta.k8s.io', kind, causes },
  });
}

/**
 * 422 with a cause an option, as kube-apiserver answers combinations of options that make no sense.
 * Source: k8s.io/apimachinery/pkg/apis/meta/internalversion/validation/validation.go
 */
export function invalidListOptions(problems: readonly OptionProblem[]): StatusError {
  return invalidOptions('ListOptions', problems);
}

/** The same for the options of a delete. */
export function invalidDeleteOptions(problems: readonly OptionProblem[]): StatusError {
  return invalidOptions('DeleteOptions', problems);
}
