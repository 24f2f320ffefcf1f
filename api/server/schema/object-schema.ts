import { type StructuralSchema, structuralSchemaOf } from '../../../crds/generate/structural-schema.ts';
import { objectMetaSchema } from '../../../crds/meta/meta.ts';

const metadataSchema: StructuralSchema = structuralSchemaOf(objectMetaSchema);

const fullMetadata: StructuralSchema = {
  ...metadataSchema,
  properties: { ...metadataSchema.properties, selfLink: { type: 'string' } },
};

/** metadata with what a kind demands of the name besides. */
function metadataFor({ properties = {}, ...more }: StructuralSchema): StructuralSchema {
  const { name = {}, generateName = {} } = properties;
  return {
    ...fullMetadata,
    ...(more.required !== undefined && { required: more.required }),
    properties: {
      ...fullMetadata.properties,
      name: { ...name, type: 'string' },
      generateName: { ...generateName, type: 'string' },
    },
  };
}

/**
 * The schema of a whole object: a kind's own fields, and apiVersion, kind and metadata, at the root and wherever a
 * whole object is embedded. `selfLink` is known and dropped nowhere: old clients still send it.
 */
export function wholeObjectSchema(kindSchema: StructuralSchema): StructuralSchema {
  const { metadata = {}, ...properties } = kindSchema.properties ?? {};
  return {
    ...kindSchema,
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: metadataFor(metadata),
      ...Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, withEmbedded(child)])),
    },
  };
}

function withEmbedded(schema: StructuralSchema): StructuralSchema {
  const { items, properties, additionalProperties } = schema;
  const inside: StructuralSchema = {
    ...schema,
    ...(items !== undefined && { items: withEmbedded(items) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, withEmbedded(child)]),
      ),
    }),
    ...(additionalProperties !== undefined && { additionalProperties: withEmbedded(additionalProperties) }),
  };
  if (schema['x-kubernetes-embedded-resource'] !== true) return inside;
  const name = { type: 'string', minLength: 1 } as const;
  const required = new Set([...(schema.required ?? []), 'apiVersion', 'kind']);
  return {
    ...inside,
    properties: {
      ...inside.properties,
      apiVersion: { ...inside.properties?.apiVersion, ...name },
      kind: { ...inside.properties?.kind, ...name },
      metadata: metadataFor(inside.properties?.metadata ?? {}),
    },
    required: [...required],
  };
}
