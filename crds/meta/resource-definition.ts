import type { z } from 'zod';

/** API group of Holt's own kinds. */
export const HOLT_GROUP = 'holt.dev';

/** A column of `kubectl get`, as in CustomResourceDefinition `additionalPrinterColumns`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** Simple JSONPath from the object's root, e.g. `.status.phase` or `.status.conditions[?(@.type=="Ready")].status`. */
  readonly jsonPath: string;
  readonly description: string;
  /** 0 always shown; above 0 only with `-o wide`. */
  readonly priority?: number;
}

/** Where the scale subresource of a kind finds its figures: simple JSONPaths such as `.spec.replicas`. */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

/** What the API server and the clients need to know of a kind besides its schema. */
export interface ResourceInfo {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  /** A built-in kind whose `metadata.generation` counts the changes of its spec; other kinds' always does. */
  readonly hasGeneration?: boolean;
  /** Core and coordination kinds: served with protobuf too, and not published as CustomResourceDefinitions. */
  readonly builtIn: boolean;
  readonly description: string;
  /** Fields besides metadata.name and metadata.namespace that field selectors may name. */
  readonly selectableFields: readonly string[];
  readonly printerColumns: readonly PrinterColumn[];
  /** Dotted paths below the object's root that an update may not change, e.g. `spec.user`. */
  readonly immutableFields: readonly string[];
  /** Kind of a list of it; `<kind>List` where absent. */
  readonly listKind?: string;
  readonly scale?: ScalePaths;
  /** Its objects are containers, whose logs and streams their nodes serve. */
  readonly hasStreams?: boolean;
  /** It is shown and never written: what it shows is another kind's. */
  readonly isView?: boolean;
  /** Told to everybody who uses this version. */
  readonly deprecationWarning?: string;
}

/** What it takes to address objects of a kind: all that a client needs to know of one that it has no schema of. */
export type ResourceAddress = Pick<ResourceInfo, 'group' | 'version' | 'kind' | 'plural' | 'namespaced'>;

/** A kind as it is written down in this repository. */
export interface ResourceDefinition extends ResourceInfo {
  /** The whole object without apiVersion, kind and metadata (those are the server's): `spec`, `status`, ... */
  readonly schema: z.ZodObject;
}

/** The kind of a list of objects of a kind. */
export function listKindOf({ kind, listKind }: Pick<ResourceInfo, 'kind' | 'listKind'>): string {
  return listKind ?? `${kind}List`;
}

/** `v1` or `group/version`. */
export function apiVersionOf(definition: Pick<ResourceInfo, 'group' | 'version'>): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
}
