import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { Resource, ResourceCatalog } from '../http/resource.ts';
import type { TypeOfVersion } from './take-over.ts';

const known = new WeakMap<StructuralSchema, StructuralSchema>();

/**
 * The schema of a whole object with the lists of its metadata as they merge upstream. The validation does not know
 * them so: it lets a finalizer stand there twice.
 * Source: the listType tags of ObjectMeta in k8s.io/apimachinery/pkg/apis/meta/v1/types.go
 */
export function objectTypeOf(structural: StructuralSchema): StructuralSchema {
  const cached = known.get(structural);
  if (cached !== undefined) return cached;
  const { metadata } = structural.properties ?? {};
  const { finalizers, ownerReferences } = metadata?.properties ?? {};
  const made: StructuralSchema = {
    ...structural,
    properties: {
      ...structural.properties,
      metadata: {
        ...metadata,
        properties: {
          ...metadata?.properties,
          finalizers: { ...finalizers, 'x-kubernetes-list-type': 'set' },
          ownerReferences: {
            ...ownerReferences,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['uid'],
            items: { ...ownerReferences?.items, 'x-kubernetes-map-type': 'atomic' },
          },
        },
      },
    },
  };
  known.set(structural, made);
  return made;
}

/** The types of a resource in each version in which it is served. */
export function typesOf(resource: Resource, catalog: ResourceCatalog): TypeOfVersion {
  const { group, plural } = resource.definition;
  return (apiVersion) => {
    if (apiVersion === resource.apiVersion) return objectTypeOf(resource.structural);
    const at = apiVersion.indexOf('/');
    if (apiVersion.slice(0, Math.max(at, 0)) !== group) return undefined;
    const other = catalog.find(group, apiVersion.slice(at + 1), plural);
    return other && objectTypeOf(other.structural);
  };
}
