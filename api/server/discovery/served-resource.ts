import { apiVersionOf, type ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { REVIEWS } from '../auth/reviews/reviews.ts';
import { STREAMS, streamVerbs } from '../connect/streams.ts';
import { compareVersions } from './version-priority.ts';

/** A kind and its group, as discovery names it. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface ServedSubresource {
  readonly name: string;
  /** What it takes and answers; the resource's own kind where absent. */
  readonly kind?: GroupVersionKind;
  readonly verbs: readonly string[];
}

/** A resource as discovery and OpenAPI list it. */
export interface ServedResource extends GroupVersionKind {
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly ServedSubresource[];
}

/** Verbs of a stored resource, in the order in which Kubernetes lists them. */
export const OBJECT_VERBS = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
] as const;

const VIEW_VERBS = ['get', 'list', 'watch'] as const;

/** Requests that are answered and never stored. */
const REVIEW_RESOURCES: readonly ServedResource[] = REVIEWS.map(({ group, kind, plural, namespaced }) => ({
  group,
  version: 'v1',
  kind,
  plural,
  singular: kind.toLowerCase(),
  shortNames: [],
  categories: [],
  namespaced,
  verbs: ['create'],
  subresources: [],
}));

/** Everything the server answers for: the stored kinds and the reviews. */
export function servedResources(definitions: readonly ResourceInfo[]): ServedResource[] {
  return [...definitions.map(servedResource), ...REVIEW_RESOURCES];
}

function servedResource(definition: ResourceInfo): ServedResource {
  const { group, version, kind, plural, singular, shortNames, categories, namespaced } = definition;
  const isNamespace = group === '' && kind === 'Namespace';
  const verbs =
    definition.isView === true
      ? VIEW_VERBS
      : OBJECT_VERBS.filter((verb) => !isNamespace || verb !== 'deletecollection');
  const subresources: ServedSubresource[] = [];
  if (isNamespace) subresources.push({ name: 'finalize', verbs: ['update'] });
  if (group === '' && kind === 'ServiceAccount') {
    const tokenRequest = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
    subresources.push({ name: 'token', verbs: ['create'], kind: tokenRequest });
  }
  if (definition.hasStatus) subresources.push({ name: 'status', verbs: ['get', 'patch', 'update'] });
  if (definition.hasStreams === true)
    subresources.push(...STREAMS.map((name) => ({ name, verbs: streamVerbs(name) })));
  if (definition.scale !== undefined) {
    const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    subresources.push({ name: 'scale', verbs: ['get', 'patch', 'update'], kind: scale });
  }
  return { group, version, kind, plural, singular, shortNames, categories, namespaced, verbs, subresources };
}

/** One version of one API group with its resources. */
export interface ServedGroupVersion {
  readonly group: string;
  readonly version: string;
  /** `v1` or `group/version`. */
  readonly apiVersion: string;
  readonly resources: readonly ServedResource[];
}

/** The resources by group and version; the core group first, then by name. */
export function servedGroupVersions(definitions: readonly ResourceInfo[]): ServedGroupVersion[] {
  const byApiVersion = Map.groupBy(servedResources(definitions), apiVersionOf);
  return [...byApiVersion]
    .map(([apiVersion, resources]) => {
      const [{ group = '', version = '' } = {}] = resources;
      return {
        group,
        version,
        apiVersion,
        resources: resources.toSorted((a, b) => (a.plural < b.plural ? -1 : 1)),
      };
    })
    .toSorted((a, b) =>
      a.group === b.group ? compareVersions(a.version, b.version) : a.group < b.group ? -1 : 1,
    )
    .toSorted((a, b) => Number(a.group !== '') - Number(b.group !== ''));
}
