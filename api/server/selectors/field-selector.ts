import { isRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { SelectorError } from './selector-error.ts';

/** One condition of a field selector. Source: k8s.io/apimachinery/pkg/fields/selector.go */
export interface FieldRequirement {
  readonly path: string;
  readonly equals: boolean;
  readonly value: string;
}

/** Splits at commas that no backslash protects. */
function splitTerms(text: string): string[] {
  return text.split(/(?<=(?<!\\)(?:\\\\)*),/).filter((term) => term !== '');
}

function unescapeValue(value: string): string {
  return value.replace(/\\([\\,=])/g, '$1');
}

function parseTerm(term: string, text: string): FieldRequirement {
  const match = /^([^=!]+)(!=|==|=)(.*)$/s.exec(term);
  if (match === null) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
  const [, path = '', operator, value = ''] = match;
  return { path: path.trim(), equals: operator !== '!=', value: unescapeValue(value) };
}

/** @throws SelectorError for bad syntax; whether objects have such fields is not asked */
export function parseFieldTerms(text: string): readonly FieldRequirement[] {
  return splitTerms(text).map((term) => parseTerm(term, text));
}

/** Sources: DefaultMetaV1FieldSelectorConversion in k8s.io/apimachinery, and the kinds' own conversions. */
function unsupported(path: string, { builtIn, selectableFields }: ResourceInfo): string {
  return builtIn && selectableFields.length === 0
    ? `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${path}`;
}

/** @throws SelectorError for bad syntax or a field that objects of this kind cannot be selected by */
export function parseFieldSelector(text: string, definition: ResourceInfo): readonly FieldRequirement[] {
  const selectable = new Set([
    'metadata.name',
    ...(definition.namespaced ? ['metadata.namespace'] : []),
    ...definition.selectableFields,
  ]);
  const requirements = parseFieldTerms(text);
  for (const requirement of requirements) {
    if (!selectable.has(requirement.path)) {
      throw new SelectorError(unsupported(requirement.path, definition));
    }
  }
  return requirements;
}

/**
 * The value that a selector compares with. What is absent counts as the empty string, but an absent boolean as
 * `false`: clients cannot tell it from one that is not set.
 */
function fieldValue(object: ApiObject, path: string): string {
  let value: unknown = object;
  for (const part of path.split('.')) value = isRecord(value) ? value[part] : undefined;
  if (value === undefined || value === null) return BOOLEAN_FIELDS.has(path) ? 'false' : '';
  // Event's `source` selects by the component, as in Kubernetes.
  if (isRecord(value)) return typeof value.component === 'string' ? value.component : '';
  return String(value);
}

const BOOLEAN_FIELDS: ReadonlySet<string> = new Set(['spec.unschedulable']);

/** Whether an object fulfils every requirement. */
export function matchesFields(requirements: readonly FieldRequirement[], object: ApiObject): boolean {
  return requirements.every(({ path, equals, value }) => (fieldValue(object, path) === value) === equals);
}
