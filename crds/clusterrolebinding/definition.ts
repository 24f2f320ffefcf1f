import { z } from 'zod';
import { AGE_COLUMN } from '../meta/age-column.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import { bindingFields, RBAC_GROUP, type RoleRef, type Subject } from '../meta/rbac.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

/** rbac/v1 ClusterRoleBinding. */
export interface ClusterRoleBinding {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'ClusterRoleBinding';
  metadata: ObjectMeta;
  subjects?: Subject[];
  roleRef: RoleRef;
  [field: string]: unknown;
}

export const clusterRoleBindingDefinition: ResourceDefinition = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  shortNames: [],
  categories: [],
  namespaced: false,
  hasStatus: false,
  builtIn: true,
  description: 'Gives a ClusterRole to users, groups and service accounts everywhere.',
  schema: z.object(bindingFields),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [AGE_COLUMN],
};
