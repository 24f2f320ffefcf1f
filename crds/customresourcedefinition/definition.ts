import { z } from 'zod';
import type { StructuralSchema } from '../generate/structural-schema.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

export const CRD_GROUP = 'apiextensions.k8s.io';

const names = z.object({
  plural: z.string().optional().describe('The name in URLs.'),
  singular: z
    .string()
    .optional()
    .describe('The name in the command line; the kind in lower case by default.'),
  kind: z.string().optional().describe('The name in objects.'),
  listKind: z.string().optional().describe('The name of lists; the kind and "List" by default.'),
  shortNames: z.array(z.string()).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
  categories: z.array(z.string()).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
});

const printerColumn = z.object({
  name: z.string().describe('Head of the column.'),
  type: z.string().describe('integer, number, string, boolean or date.'),
  format: z.string().optional(),
  description: z.string().optional(),
  priority: z.int().optional().describe('Above 0: shown with -o wide alone.'),
  jsonPath: z.string().describe('Where the value is.'),
});

const scale = z.object({
  specReplicasPath: z.string(),
  statusReplicasPath: z.string(),
  labelSelectorPath: z.string().optional(),
});

const version = z.object({
  name: z.string().describe('For example "v1".'),
  served: z.boolean().describe('Whether it can be used.'),
  storage: z.boolean().describe('Whether objects are stored in it: true for exactly one.'),
  deprecated: z.boolean().optional(),
  deprecationWarning: z.string().nullable().optional(),
  schema: z
    .object({ openAPIV3Schema: z.looseObject({}).optional().describe('A structural schema.') })
    .optional(),
  subresources: z.object({ status: z.looseObject({}).optional(), scale: scale.optional() }).optional(),
  selectableFields: z
    .array(z.object({ jsonPath: z.string() }))
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional(),
  additionalPrinterColumns: z.array(printerColumn).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
});

const condition = z.object({
  type: z.string(),
  status: z.string(),
  lastTransitionTime: timestamp.nullable().optional(),
  observedGeneration: z.int().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

const spec = z.object({
  group: z.string().describe('API group of the kind.'),
  names: names.describe('What the kind is called.'),
  scope: z.string().describe('Cluster or Namespaced.'),
  versions: z
    .array(version)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('The versions of the kind, each with its schema.'),
  conversion: z
    .object({ strategy: z.string(), webhook: z.looseObject({}).optional() })
    .optional()
    .describe('How objects are turned from one version into another.'),
  preserveUnknownFields: z.boolean().optional(),
});

const status = z.object({
  conditions: z
    .array(condition)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .nullable()
    .optional(),
  acceptedNames: names.optional().describe('The names that are in use.'),
  storedVersions: z
    .array(z.string())
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .nullable()
    .optional()
    .describe('Every version that objects were ever stored in.'),
});

export type CrdNames = z.infer<typeof names>;
export type CrdVersion = Omit<z.infer<typeof version>, 'schema'> & {
  schema?: { openAPIV3Schema?: StructuralSchema };
};
export type CrdCondition = z.infer<typeof condition>;
export type CrdStatus = z.infer<typeof status>;

/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
export interface CustomResourceDefinition {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: ObjectMeta;
  spec: Omit<z.infer<typeof spec>, 'versions'> & { versions: CrdVersion[] };
  status?: CrdStatus;
  [field: string]: unknown;
}

export const customResourceDefinitionDefinition: ResourceDefinition = {
  group: CRD_GROUP,
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  hasStatus: true,
  builtIn: true,
  description: 'A kind that is served besides the built-in ones.',
  schema: z.object({ spec, status: status.optional() }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [
    {
      name: 'Created At',
      type: 'string',
      jsonPath: '.metadata.creationTimestamp',
      description: 'When it was created',
    },
  ],
};
