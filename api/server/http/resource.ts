import { type AnyKind, kindSchemaOf } from '../../../crds/generate/kind-schema.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { apiVersionOf, type ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { listPrefix, objectKey, resourcePrefix } from '../../storage/keys.ts';
import { PLAIN_FORM, type StoredForm } from '../customresources/stored-form.ts';
import { wholeObjectSchema } from '../schema/object-schema.ts';
import { type CompiledSchema, compileSchema } from '../schema/structural.ts';

/** A kind as the server uses it: its definition and what is prepared from it once. */
export interface Resource extends StoredForm {
  readonly definition: ResourceInfo;
  readonly apiVersion: string;
  readonly schema: CompiledSchema;
  /** The schema of the whole object, apiVersion, kind and metadata included. */
  readonly structural: StructuralSchema;
  /** Key prefix of all its objects. */
  readonly prefix: string;
  /** The kind whose objects these are in etcd, where it is another. */
  readonly storedAs?: ResourceInfo;
  /** Name of the CustomResourceDefinition that it is served from. */
  readonly crdName?: string;
  /** Fires when it is served no more, or by another definition: its watches end. */
  readonly gone?: AbortSignal;
}

/** The kinds that this server stores, found by their place in the URL. */
export interface ResourceCatalog {
  /** The same array as long as nothing changed. */
  readonly definitions: readonly AnyKind[];
  find(group: string, version: string, plural: string): Resource | undefined;
}

/** @throws TypeError when the kind's schema has no structural form */
export function createResource(kind: AnyKind, form: StoredForm = PLAIN_FORM): Resource {
  return {
    definition: kind,
    apiVersion: apiVersionOf(kind),
    schema: compileSchema(kind),
    structural: wholeObjectSchema(kindSchemaOf(kind)),
    prefix: resourcePrefix(kind),
    ...form,
  };
}

/** Which object, or which collection when `name` is absent. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

function storedKind({ resource }: Target): ResourceInfo {
  return resource.storedAs ?? resource.definition;
}

/** The etcd key of an object. */
export function keyOf(target: Target, name: string): string {
  return objectKey(storedKind(target), target.namespace, name);
}

/** The etcd prefix of the target's collection. */
export function prefixOf(target: Target): string {
  return listPrefix(storedKind(target), target.namespace);
}
