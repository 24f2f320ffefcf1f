import type { ServedGroupVersion, ServedResource } from './served-resource.ts';

/** Versions of aggregated discovery that clients ask for, the best first. */
export type AggregatedVersion = 'v2' | 'v2beta1';

/**
 * apidiscovery.k8s.io APIGroupDiscoveryList of these group versions.
 * Source: k8s.io/api/apidiscovery/v2/types.go
 */
export function aggregatedDiscovery(
  served: readonly ServedGroupVersion[],
  version: AggregatedVersion,
): unknown {
  const byGroup = Map.groupBy(served, ({ group }) => group);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: [...byGroup].map(([group, versions]) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versions.map((one) => ({
        version: one.version,
        resources: one.resources.map(resourceDiscovery),
        freshness: 'Current',
      })),
    })),
  };
}

function resourceDiscovery(resource: ServedResource): unknown {
  const responseKind = { group: resource.group, version: resource.version, kind: resource.kind };
  return {
    resource: resource.plural,
    responseKind,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
    ...(resource.subresources.length > 0 && {
      subresources: resource.subresources.map(({ name, verbs, kind }) => ({
        subresource: name,
        responseKind: kind ?? responseKind,
        verbs,
      })),
    }),
  };
}
