import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import { CREATED_AT_COLUMN, type PolicyRule, policyRulesSchema, RBAC_GROUP } from '../meta/rbac.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

/** rbac/v1 Role. */
export interface Role {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'Role';
  metadata: ObjectMeta;
  rules?: PolicyRule[];
  [field: string]: unknown;
}

export const roleDefinition: ResourceDefinition = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  shortNames: [],
  categories: [],
  namespaced: true,
  hasStatus: false,
  builtIn: true,
  description: 'What may be done in a namespace.',
  schema: z.object({ rules: policyRulesSchema }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [CREATED_AT_COLUMN],
};
