import { z } from 'zod';
import { labelSelectorSchema } from '../meta/label-selector.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import { CREATED_AT_COLUMN, type PolicyRule, policyRulesSchema, RBAC_GROUP } from '../meta/rbac.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const aggregationRule = z.object({
  clusterRoleSelectors: z
    .array(labelSelectorSchema)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Each ClusterRole that one of these selects adds its rules.'),
});

/** rbac/v1 ClusterRole. */
export interface ClusterRole {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'ClusterRole';
  metadata: ObjectMeta;
  rules?: PolicyRule[];
  aggregationRule?: z.infer<typeof aggregationRule>;
  [field: string]: unknown;
}

export const clusterRoleDefinition: ResourceDefinition = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  shortNames: [],
  categories: [],
  namespaced: false,
  hasStatus: false,
  builtIn: true,
  description: 'What may be done in any namespace, outside of them, or with paths.',
  schema: z.object({
    rules: policyRulesSchema,
    aggregationRule: aggregationRule.optional().describe('Where the rules are gathered from.'),
  }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [CREATED_AT_COLUMN],
};
