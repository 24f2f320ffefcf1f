import { z } from 'zod';
import { AGE_COLUMN } from '../meta/age-column.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import { bindingFields, RBAC_GROUP, type RoleRef, type Subject } from '../meta/rbac.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

/** rbac/v1 RoleBinding. */
export interface RoleBinding {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'RoleBinding';
  metadata: ObjectMeta;
  subjects?: Subject[];
  roleRef: RoleRef;
  [field: string]: unknown;
}

export const roleBindingDefinition: ResourceDefinition = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  shortNames: [],
  categories: [],
  namespaced: true,
  hasStatus: false,
  builtIn: true,
  description: 'Gives a role to users, groups and service accounts in a namespace.',
  schema: z.object(bindingFields),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [AGE_COLUMN],
};
