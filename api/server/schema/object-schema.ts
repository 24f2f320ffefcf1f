import { type StructuralSchema, structuralSchemaOf } from '../../../crds/generate/structural-schema.ts';
import { objectMetaSchema } from '../../../crds/meta/meta.ts';

const metadataSchema: StructuralSchema = structuralSchemaOf(objectMetaSchema);

/**
 * The schema of a whole object: a kind's own fields below apiVersion, kind and metadata.
 * `selfLink` is known and dropped nowhere: old clients still send it.
 */
export function wholeObjectSchema(kindSchema: StructuralSchema): StructuralSchema {
  return {
    ...kindSchema,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: {
        ...metadataSchema,
        properties: { ...metadataSchema.properties, selfLink: { type: 'string' } },
      },
      ...kindSchema.properties,
    },
  };
}
