import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import type { Target } from '../http/resource.ts';
import { type FieldRequirement, parseFieldSelector } from '../selectors/field-selector.ts';
import { SelectorError } from '../selectors/selector-error.ts';
import type { Attributes } from './authorize.ts';
import type { User } from './user.ts';

/** What a field selector asks of the objects; nothing where there is none, and where it cannot be read. */
function selectedFields(query: URLSearchParams, definition: ResourceInfo): readonly FieldRequirement[] {
  try {
    return parseFieldSelector(query.get('fieldSelector') ?? '', definition);
  } catch (error) {
    // Told to those who may ask at all, when the selector is used.
    if (error instanceof SelectorError) return [];
    throw error;
  }
}

/** The object that a field selector picks by name; empty for any other selector. */
function selectedName(fields: readonly FieldRequirement[]): string {
  return fields.find(({ path, equals }) => path === 'metadata.name' && equals)?.value ?? '';
}

const COLLECTION_VERBS: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

/**
 * What a request for a resource asks for. A list, a watch or a deletecollection by `metadata.name` counts as one
 * for that object, so that a rule with resourceNames allows it; a namespace object is in its own namespace.
 * Source: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go
 */
export function resourceAttributes(
  user: User,
  verb: string,
  target: Target,
  query: URLSearchParams,
): Attributes {
  const { group, plural } = target.resource.definition;
  const fieldSelector = COLLECTION_VERBS.has(verb) ? selectedFields(query, target.resource.definition) : [];
  const isNamespace = group === '' && plural === 'namespaces';
  return {
    user,
    verb,
    group,
    resource: plural,
    subresource: target.subresource ?? '',
    namespace: isNamespace ? (target.name ?? '') : (target.namespace ?? ''),
    name: target.name ?? selectedName(fieldSelector),
    ...(fieldSelector.length === 0 ? {} : { fieldSelector }),
  };
}

/** What a request for a path that is no resource asks for. */
export function pathAttributes(user: User, method: string, path: string): Attributes {
  return {
    user,
    verb: method.toLowerCase(),
    group: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path,
  };
}
