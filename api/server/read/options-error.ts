import { StatusError } from '../http/status-error.ts';

/** What is wrong with one of the list or watch options. */
export interface OptionProblem {
  readonly field: string;
  readonly reason: 'FieldValueForbidden' | 'FieldValueNotSupported';
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

/**
 * 422 with a cause an option, as kube-apiserver answers combinations of options that make no sense.
 * Source: k8s.io/apimachinery/pkg/apis/meta/internalversion/validation/validation.go
 */
export function invalidListOptions(problems: readonly OptionProblem[]): StatusError {
  const causes = problems.map(({ field, reason, detail, value }) => ({
    reason,
    message:
      value === undefined ? `Forbidden: ${detail}` : `Unsupported value: ${JSON.stringify(value)}: ${detail}`,
    field,
  }));
  const lines = causes.map(({ field, message }) => `${field}: ${message}`);
  const all = lines.length === 1 ? lines.join('') : `[${lines.join(', ')}]`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `ListOptions.meta.k8s.io "" is invalid: ${all}`,
    details: { group: 'meta.k8s.io', kind: 'ListOptions', causes },
  });
}
