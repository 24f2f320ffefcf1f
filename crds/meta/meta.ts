import { z } from 'zod';
import { timestamp } from './timestamp.ts';

/** RFC 1123 label: what names of namespaces, users and containers look like. */
export const dnsLabel = z
  .string()
  .min(1)
  .max(63)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    'must be a lower-case RFC 1123 label such as "alice" or "team-1"',
  );

export const ownerReferenceSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
  blockOwnerDeletion: z.boolean().optional(),
});

/** `metadata` of every object, as of the Kubernetes API conventions. `resourceVersion` is opaque. */
export const objectMetaSchema = z.object({
  name: z.string().optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.int().optional(),
  creationTimestamp: timestamp.nullable().optional(),
  deletionTimestamp: timestamp.optional(),
  deletionGracePeriodSeconds: z.int().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(ownerReferenceSchema).optional(),
  managedFields: z.array(z.record(z.string(), z.unknown())).optional(),
});

export type ObjectMeta = z.infer<typeof objectMetaSchema>;
export type OwnerReference = z.infer<typeof ownerReferenceSchema>;

/** metav1.Condition. */
export const conditionSchema = z.object({
  type: z.string().describe('What the condition is about, a PascalCase word.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: z.int().optional().describe('The metadata.generation that this was found out for.'),
  lastTransitionTime: timestamp.describe('When status last changed.'),
  reason: z.string().describe('A PascalCase word that programs may match on.'),
  message: z.string().describe('What happened and how to mend it, for people.'),
});

/** The conditions of an object: one of each type. */
export const conditionsSchema = z
  .array(conditionSchema)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe('How things stand, one entry for each type of condition.');

export type Condition = z.infer<typeof conditionSchema>;

/** Any API object, as it travels. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  [field: string]: unknown;
}

/** An object that the API server returned: its identity is set. */
export type Stored<T extends ApiObject> = T & {
  metadata: ObjectMeta & { name: string; uid: string; resourceVersion: string };
};
