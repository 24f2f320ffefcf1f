import type { ServedGroupVersion, ServedResource } from './served-resource.ts';

/** metav1.APIVersions: the answer to `/api`. */
export function apiVersions(served: readonly ServedGroupVersion[]): unknown {
  return {
    kind: 'APIVersions',
    versions: served.filter(({ group }) => group === '').map(({ version }) => version),
    serverAddressByClientCIDRs: [],
  };
}

/** metav1.APIGroupList: the answer to `/apis`. */
export function apiGroupList(served: readonly ServedGroupVersion[]): unknown {
  const groups = new Set(served.map(({ group }) => group).filter((group) => group !== ''));
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [...groups].map((group) => groupFields(served, group)),
  };
}

/** metav1.APIGroup: the answer to `/apis/<group>`; undefined where the group is not served. */
export function apiGroup(served: readonly ServedGroupVersion[], group: string): unknown {
  const known = served.some((one) => one.group === group && group !== '');
  return known ? { kind: 'APIGroup', apiVersion: 'v1', ...groupFields(served, group) } : undefined;
}

function groupFields(served: readonly ServedGroupVersion[], group: string) {
  const versions = served
    .filter((one) => one.group === group)
    .map(({ apiVersion, version }) => ({ groupVersion: apiVersion, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

/** metav1.APIResourceList: the answer to `/api/v1` and `/apis/<group>/<version>`. */
export function apiResourceList({ apiVersion, resources }: ServedGroupVersion): unknown {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion,
    resources: resources.flatMap(resourceEntries),
  };
}

function resourceEntries(resource: ServedResource): unknown[] {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = resource;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length > 0 && { shortNames }),
      ...(categories.length > 0 && { categories }),
    },
    ...resource.subresources.map((subresource) => ({
      name: `${plural}/${subresource.name}`,
      singularName: '',
      namespaced,
      ...(subresource.kind ?? { kind }),
      verbs: subresource.verbs,
    })),
  ];
}
