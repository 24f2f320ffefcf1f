import type { ResourceDefinition, ResourceInfo } from '../meta/resource-definition.ts';
import { type StructuralSchema, structuralSchemaOf } from './structural-schema.ts';

/** A kind whose schema comes from a CustomResourceDefinition. */
export interface ServedKind extends ResourceInfo {
  /** The whole object as the definition has it. */
  readonly structural: StructuralSchema;
}

/** A kind with its schema, wherever that comes from. */
export type AnyKind = ResourceDefinition | ServedKind;

/** The structural schema of a kind. @throws TypeError when it has none */
export function kindSchemaOf(kind: AnyKind): StructuralSchema {
  return 'structural' in kind ? kind.structural : structuralSchemaOf(kind.schema);
}
