import { clusterRoleDefinition } from './clusterrole/definition.ts';
import { clusterRoleBindingDefinition } from './clusterrolebinding/definition.ts';
import { configMapDefinition } from './configmap/definition.ts';
import { customResourceDefinitionDefinition } from './customresourcedefinition/definition.ts';
import { eventDefinition } from './event/definition.ts';
import { guestImageDefinition } from './guestimage/definition.ts';
import { leaseDefinition } from './lease/definition.ts';
import type { ResourceDefinition } from './meta/resource-definition.ts';
import { namespaceDefinition } from './namespace/definition.ts';
import { nodeDefinition } from './node/definition.ts';
import { resourceQuotaDefinition } from './resourcequota/definition.ts';
import { roleDefinition } from './role/definition.ts';
import { roleBindingDefinition } from './rolebinding/definition.ts';
import { sandboxContainerDefinition } from './sandboxcontainer/definition.ts';
import { secretDefinition } from './secret/definition.ts';
import { serviceDefinition } from './service/definition.ts';
import { serviceAccountDefinition } from './serviceaccount/definition.ts';
import { userVmDefinition } from './uservm/definition.ts';
import { validatingAdmissionPolicyDefinition } from './validatingadmissionpolicy/definition.ts';
import { validatingAdmissionPolicyBindingDefinition } from './validatingadmissionpolicybinding/definition.ts';
import { volumeSnapshotDefinition } from './volumesnapshot/definition.ts';

/** Every kind that the API serves. */
export const ALL_DEFINITIONS: readonly ResourceDefinition[] = [
  namespaceDefinition,
  nodeDefinition,
  eventDefinition,
  configMapDefinition,
  secretDefinition,
  serviceAccountDefinition,
  serviceDefinition,
  resourceQuotaDefinition,
  leaseDefinition,
  roleDefinition,
  clusterRoleDefinition,
  roleBindingDefinition,
  clusterRoleBindingDefinition,
  customResourceDefinitionDefinition,
  validatingAdmissionPolicyDefinition,
  validatingAdmissionPolicyBindingDefinition,
  userVmDefinition,
  sandboxContainerDefinition,
  guestImageDefinition,
  volumeSnapshotDefinition,
];
