import type { CrdNames } from '../../../crds/customresourcedefinition/definition.ts';
import type { FieldError } from '../schema/structural.ts';
import { invalid, required } from './schema-errors.ts';

const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const EXPRESSION = new RegExp(`^${DNS_1035}$`);

/** What is wrong with an RFC 1035 label. Source: k8s.io/apimachinery/pkg/util/validation/validation.go */
export function dns1035(value: string): string | undefined {
  if (value.length > 63) return 'must be no more than 63 characters';
  if (EXPRESSION.test(value)) return undefined;
  return `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${DNS_1035}')`;
}

/** What is wrong with the names of a definition. */
export function validateCrdNames(names: CrdNames): FieldError[] {
  const { plural = '', singular = '', kind = '', listKind = '' } = names;
  const errors: FieldError[] = [];
  for (const [field, value] of Object.entries({ plural, singular, kind, listKind })) {
    const path = `spec.names.${field}`;
    const wrong = value === '' ? undefined : dns1035(value.toLowerCase());
    if (value === '') errors.push(required(path));
    else if (wrong !== undefined && /ind$/.test(field))
      errors.push(invalid(path, value, `may have mixed case, but should otherwise match: ${wrong}`));
    else if (dns1035(value) !== undefined && !/ind$/.test(field))
      errors.push(invalid(path, value, dns1035(value) ?? ''));
  }
  for (const field of ['shortNames', 'categories'] as const) {
    for (const [index, value] of (names[field] ?? []).entries()) {
      const wrong = dns1035(value);
      if (wrong !== undefined) errors.push(invalid(`spec.names.${field}[${index}]`, value, wrong));
    }
  }
  if (kind !== '' && kind === listKind)
    errors.push(invalid('spec.names.listKind', listKind, 'kind and listKind may not be the same'));
  return errors;
}
