/**
 * Syntax of names, labels and finalizers; each check gives the remedy, or undefined where the value is right.
 * Source: k8s.io/apimachinery/pkg/util/validation/validation.go
 */
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const LABEL_EXPRESSION = new RegExp(`^${LABEL}$`);
const SUBDOMAIN_EXPRESSION = new RegExp(`^${SUBDOMAIN}$`);
const NAME_EXPRESSION = new RegExp(`^${NAME}$`);

const LABEL_LENGTH_MAX = 63;
const SUBDOMAIN_LENGTH_MAX = 253;

/** RFC 1123 label: names of namespaces. */
export function checkDnsLabel(value: string): string | undefined {
  if (value.length > LABEL_LENGTH_MAX) return `must be no more than ${LABEL_LENGTH_MAX} characters`;
  if (LABEL_EXPRESSION.test(value)) return undefined;
  return `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
}

/** RFC 1035 label: names of Services. */
export function checkDns1035Label(value: string): string | undefined {
  if (value.length > LABEL_LENGTH_MAX) return `must be no more than ${LABEL_LENGTH_MAX} characters`;
  if (/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value)) return undefined;
  return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
}

/** RFC 1123 subdomain: names of all other objects. */
export function checkDnsSubdomain(value: string): string | undefined {
  if (value.length > SUBDOMAIN_LENGTH_MAX) return `must be no more than ${SUBDOMAIN_LENGTH_MAX} characters`;
  if (SUBDOMAIN_EXPRESSION.test(value)) return undefined;
  return `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
}

/** A segment of a path: names of RBAC objects, such as `system:node`. Source: apimachinery api/validation/path/name.go */
export function checkPathSegment(value: string): string | undefined {
  if (value === '.' || value === '..') return `may not be '${value}'`;
  const found = ['/', '%'].find((text) => value.includes(text));
  return found === undefined ? undefined : `may not contain '${found}'`;
}

/** A key of a ConfigMap or a Secret, which may become the name of a file. */
export function checkConfigKey(value: string): string | undefined {
  if (value.length > SUBDOMAIN_LENGTH_MAX) return `must be no more than ${SUBDOMAIN_LENGTH_MAX} characters`;
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) {
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  }
  if (value === '.' || value === '..') return `must not be '${value}'`;
  return value.startsWith('..') ? "must not start with '..'" : undefined;
}

/** `name` or `prefix/name`: keys of labels and annotations, finalizers. */
export function checkQualifiedName(value: string): string | undefined {
  const parts = value.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2)
    return `a qualified name ${NAME_REMEDY} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') return 'prefix part must be non-empty';
    const wrong = checkDnsSubdomain(prefix);
    if (wrong !== undefined) return `prefix part ${wrong}`;
  }
  if (name === '') return 'name part must be non-empty';
  if (name.length > LABEL_LENGTH_MAX) return `name part must be no more than ${LABEL_LENGTH_MAX} characters`;
  return NAME_EXPRESSION.test(name) ? undefined : `name part ${NAME_REMEDY}`;
}

const NAME_REMEDY = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME}')`;

/** Value of a label: may be empty. */
export function checkLabelValue(value: string): string | undefined {
  if (value.length > LABEL_LENGTH_MAX) return `must be no more than ${LABEL_LENGTH_MAX} characters`;
  if (value === '' || NAME_EXPRESSION.test(value)) return undefined;
  return `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME})?')`;
}
