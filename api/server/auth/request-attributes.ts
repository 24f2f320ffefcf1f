import type { Target } from '../http/resource.ts';
import type { Attributes } from './authorize.ts';
import type { User } from './user.ts';

/** The object that a field selector picks by name; empty for any other selector. */
function selectedName(query: URLSearchParams): string {
  const terms = (query.get('fieldSelector') ?? '').split(',');
  for (const term of terms) {
    const match = /^\s*metadata\.name\s*==?\s*([^=!]*)$/.exec(term);
    if (match?.[1] !== undefined) return match[1];
  }
  return '';
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
  const name = target.name ?? (COLLECTION_VERBS.has(verb) ? selectedName(query) : '');
  const isNamespace = group === '' && plural === 'namespaces';
  return {
    user,
    verb,
    group,
    resource: plural,
    subresource: target.subresource ?? '',
    namespace: isNamespace ? (target.name ?? '') : (target.namespace ?? ''),
    name,
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
