import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { Resource, ResourceCatalog } from '../http/resource.ts';
import { wholeObjectSchema } from '../schema/object-schema.ts';
import type { TypeOfVersion } from './take-over.ts';

const known = new WeakMap<StructuralSchema, StructuralSchema>();

/** The metadata of an object with its lists as they merge: the validation lets a finalizer stand there twice. */
function withMetadataLists(metadata: StructuralSchema): StructuralSchema {
  const { finalizers, ownerReferences } = metadata.properties ?? {};
  return {
    ...metadata,
    properties: {
      ...metadata.properties,
      finalizers: { ...finalizers, 'x-kubernetes-list-type': 'set' },
      ownerReferences: {
        ...ownerReferences,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['uid'],
        items: { ...ownerReferences?.items, 'x-kubernetes-map-type': 'atomic' },
      },
    },
  };
}

const objectMeta = withMetadataLists(wholeObjectSchema({}).properties?.metadata ?? {});

/** Objects within the object have apiVersion, kind and metadata, whatever their schema says. */
function withEmbedded(schema: StructuralSchema): StructuralSchema {
  const { properties, items, additionalProperties } = schema;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const fields = Object.entries(properties ?? {}).map(
    ([name, child]) => [name, withEmbedded(child)] as const,
  );
  const own: Record<string, StructuralSchema> = isEmbedded
    ? { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: objectMeta }
    : {};
  return {
    ...schema,
    ...((properties !== undefined || isEmbedded) && {
      properties: { ...Object.fromEntries(fields), ...own },
    }),
    ...(items !== undefined && { items: withEmbedded(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: withEmbedded(additionalProperties) }),
  };
}

/**
 * The schema of a whole object as it is merged and owned.
 * Source: the listType tags of ObjectMeta in k8s.io/apimachinery/pkg/apis/meta/v1/types.go
 */
export function objectTypeOf(structural: StructuralSchema): StructuralSchema {
  const cached = known.get(structural);
  if (cached !== undefined) return cached;
  const made = withEmbedded(structural);
  const { metadata, ...properties } = made.properties ?? {};
  const whole = { ...made, properties: { ...properties, metadata: withMetadataLists(metadata ?? {}) } };
  known.set(structural, whole);
  return whole;
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
