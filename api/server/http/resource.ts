import { type StructuralSchema, structuralSchemaOf } from '../../../crds/generate/structural-schema.ts';
import { apiVersionOf, type ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import { listPrefix, objectKey, resourcePrefix } from '../../storage/keys.ts';
import { wholeObjectSchema } from '../schema/object-schema.ts';
import { type CompiledSchema, compileSchema } from '../schema/structural.ts';

/** A kind as the server uses it: its definition and what is prepared from it once. */
export interface Resource {
  readonly definition: ResourceDefinition;
  readonly apiVersion: string;
  readonly schema: CompiledSchema;
  /** The schema of the whole object, apiVersion, kind and metadata included. */
  readonly structural: StructuralSchema;
  /** Key prefix of all its objects. */
  readonly prefix: string;
}

/** The kinds that this server stores, found by their place in the URL. */
export interface ResourceCatalog {
  readonly definitions: readonly ResourceDefinition[];
  find(group: string, version: string, plural: string): Resource | undefined;
}

/** @throws TypeError when a kind's schema has no structural form */
export function createCatalog(definitions: readonly ResourceDefinition[]): ResourceCatalog {
  const resources = new Map(
    definitions.map((definition): [string, Resource] => [
      `${apiVersionOf(definition)}/${definition.plural}`,
      {
        definition,
        apiVersion: apiVersionOf(definition),
        schema: compileSchema(definition),
        structural: wholeObjectSchema(structuralSchemaOf(definition.schema)),
        prefix: resourcePrefix(definition),
      },
    ]),
  );
  return {
    definitions,
    find: (group, version, plural) => resources.get(`${apiVersionOf({ group, version })}/${plural}`),
  };
}

/** Which object, or which collection when `name` is absent. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** The etcd key of an object. */
export function keyOf(target: Target, name: string): string {
  return objectKey(target.resource.definition, target.namespace, name);
}

/** The etcd prefix of the target's collection. */
export function prefixOf(target: Target): string {
  return listPrefix(target.resource.definition, target.namespace);
}
