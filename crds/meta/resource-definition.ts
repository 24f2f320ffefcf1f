import type { z } from 'zod';

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

/** Everything the API server, the clients and the CRD YAML need to know of a kind. */
export interface ResourceDefinition {
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
  /** Core and coordination kinds: served with protobuf too, and not published as CustomResourceDefinitions. */
  readonly builtIn: boolean;
  readonly description: string;
  /** The whole object without apiVersion, kind and metadata (those are the server's): `spec`, `status`, ... */
  readonly schema: z.ZodObject;
  /** Fields besides metadata.name and metadata.namespace that field selectors may name. */
  readonly selectableFields: readonly string[];
  readonly printerColumns: readonly PrinterColumn[];
  /** Dotted paths below the object's root that an update may not change, e.g. `spec.user`. */
  readonly immutableFields: readonly string[];
}

/** `v1` or `group/version`. */
export function apiVersionOf(definition: Pick<ResourceDefinition, 'group' | 'version'>): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
}
