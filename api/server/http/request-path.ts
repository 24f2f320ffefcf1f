import { badRequest } from './errors.ts';
import type { ResourceCatalog, Target } from './resource.ts';

/** An API path: what it names, as far as it is served here. */
export interface ApiPath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Undefined when no such resource is served. */
  readonly target: Target | undefined;
}

function decodeSegment(segment: string): string {
  try {
    const decoded = decodeURIComponent(segment);
    if (!decoded.includes('/') && !decoded.includes('\0')) return decoded;
  } catch {
    // Said below: the message is the same for every broken segment.
  }
  throw badRequest(`the path segment ${JSON.stringify(segment)} is not a name`);
}

/** Splits off `/api/<version>` or `/apis/<group>/<version>`. */
function splitGroupVersion(segments: readonly string[]) {
  const [root, first = '', second = ''] = segments;
  if (root === 'api' && segments.length > 2) return { group: '', version: first, rest: segments.slice(2) };
  if (root === 'apis' && segments.length > 3)
    return { group: first, version: second, rest: segments.slice(3) };
  return undefined;
}

/** Takes `namespaces/<ns>/` off where a resource follows; `namespaces/<ns>/{status,finalize}` are the namespace's own. */
function splitNamespace(rest: readonly string[]) {
  const [first, namespace, plural = ''] = rest;
  const isScope =
    first === 'namespaces' &&
    rest.length > 2 &&
    !(rest.length === 3 && /^(status|finalize|commit)$/.test(plural));
  return isScope ? { namespace, rest: rest.slice(2) } : { namespace: undefined, rest };
}

/**
 * Reads an API path, e.g. `/apis/holt.dev/v1alpha1/namespaces/default/uservms/alice/status`.
 * @returns undefined for any other path
 * @throws StatusError 400 for a segment that cannot be a name
 */
export function parseApiPath(path: string, catalog: ResourceCatalog): ApiPath | undefined {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeSegment);
  const split = splitGroupVersion(segments);
  if (split === undefined) return undefined;
  const { group, version } = split;
  const { namespace, rest } = splitNamespace(split.rest);
  const [plural = '', name, subresource, ...more] = rest;
  const resource = catalog.find(group, version, plural);
  const scopeFits = resource !== undefined && (namespace === undefined || resource.definition.namespaced);
  const namesOne =
    name !== undefined && (namespace !== undefined || resource?.definition.namespaced === false);
  const isServed = scopeFits && more.length === 0 && (name === undefined || namesOne);
  return {
    group,
    version,
    plural,
    target: isServed ? { resource, namespace, name, subresource } : undefined,
  };
}
