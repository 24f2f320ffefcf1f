import { z } from 'zod';
import { AGE_COLUMN } from '../meta/age-column.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const secretReference = z.object({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  fieldPath: z.string().optional(),
});

const serviceAccountFields = {
  secrets: z
    .array(secretReference)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Secrets that programs of this account may use.'),
  imagePullSecrets: z
    .array(z.object({ name: z.string().optional() }))
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Secrets to fetch images with.'),
  automountServiceAccountToken: z
    .boolean()
    .optional()
    .describe('Whether programs are given a token without asking for it.'),
};

/** core/v1 ServiceAccount. */
export interface ServiceAccount {
  apiVersion: 'v1';
  kind: 'ServiceAccount';
  metadata: ObjectMeta;
  secrets?: z.infer<typeof secretReference>[];
  imagePullSecrets?: { name?: string }[];
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
  schema: z.object(serviceAccountFields),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [AGE_COLUMN],
};
