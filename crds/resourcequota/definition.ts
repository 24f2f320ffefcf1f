import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const amounts = z.record(z.string(), z.union([z.string(), z.number()]));

export interface ResourceQuota {
  apiVersion: 'v1';
  kind: 'ResourceQuota';
  metadata: ObjectMeta;
  spec?: { hard?: Record<string, string | number>; scopes?: string[] };
  status?: { hard?: Record<string, string | number>; used?: Record<string, string | number> };
  [field: string]: unknown;
}

export const resourceQuotaDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  categories: [],
  namespaced: true,
  hasStatus: true,
  builtIn: true,
  description: 'How much a namespace may hold.',
  schema: z.object({
    spec: z
      .object({
        hard: amounts.optional().describe('The most of each, e.g. count/uservms.holt.dev.'),
        scopes: z.array(z.string()).optional().describe('What is counted.'),
      })
      .optional(),
    status: z
      .object({
        hard: amounts.optional().describe('The limits that are enforced.'),
        used: amounts.optional().describe('What there is of each.'),
      })
      .optional(),
  }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
