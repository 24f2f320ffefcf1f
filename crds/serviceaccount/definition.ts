import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const objectReference = z.object({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  fieldPath: z.string().optional(),
});

export interface ServiceAccount {
  apiVersion: 'v1';
  kind: 'ServiceAccount';
  metadata: ObjectMeta;
  secrets?: z.infer<typeof objectReference>[];
  imagePullSecrets?: { name?: string | undefined }[];
  automountServiceAccountToken?: boolean;
  [field: string]: unknown;
}

export const serviceAccountDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  categories: [],
  namespaced: true,
  hasStatus: false,
  builtIn: true,
  description: 'An identity for programs.',
  schema: z.object({
    secrets: z
      .array(objectReference)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .describe('Secrets that the account may use.'),
    imagePullSecrets: z
      .array(z.object({ name: z.string().optional() }))
      .optional()
      .describe('Secrets for registries.'),
    automountServiceAccountToken: z.boolean().optional().describe('Whether tokens are mounted unasked.'),
  }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
