import { z } from 'zod';
import { AGE_COLUMN } from '../meta/age-column.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const resourceList = z.record(z.string(), z.union([z.string(), z.number()]));

const scopeRequirement = z.object({
  scopeName: z.string(),
  operator: z.string(),
  values: z.array(z.string()).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
});

const resourceQuotaSpec = z.object({
  hard: resourceList.optional().describe('The most that the namespace may have, by resource.'),
  scopes: z
    .array(z.string())
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Counts only what is in all of these.'),
  scopeSelector: z
    .object({
      matchExpressions: z.array(scopeRequirement).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
    })
    .optional()
    .describe('Counts only what these scopes select.'),
});

const resourceQuotaStatus = z.object({
  hard: resourceList.optional().describe('The limits that are enforced.'),
  used: resourceList.optional().describe('What the namespace has of each.'),
});

/** core/v1 ResourceQuota. */
export interface ResourceQuota {
  apiVersion: 'v1';
  kind: 'ResourceQuota';
  metadata: ObjectMeta;
  spec?: z.infer<typeof resourceQuotaSpec>;
  status?: z.infer<typeof resourceQuotaStatus>;
  [field: string]: unknown;
}

/**
 * Whether it says which Pods it is for: then it limits nothing, for there are none.
 * Source: scopes in k8s.io/api/core/v1/types.go
 */
export function isScoped({ spec }: ResourceQuota): boolean {
  return (spec?.scopes ?? []).length > 0 || spec?.scopeSelector !== undefined;
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
  description: 'Limits of what a namespace may hold.',
  schema: z.object({ spec: resourceQuotaSpec.optional(), status: resourceQuotaStatus.optional() }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [AGE_COLUMN],
};
