import { eventDefinition } from './event/definition.ts';
import { guestImageDefinition } from './guestimage/definition.ts';
import { leaseDefinition } from './lease/definition.ts';
import type { ResourceDefinition } from './meta/resource-definition.ts';
import { namespaceDefinition } from './namespace/definition.ts';
import { nodeDefinition } from './node/definition.ts';
import { sandboxContainerDefinition } from './sandboxcontainer/definition.ts';
import { userVmDefinition } from './uservm/definition.ts';

/** Every kind that the API serves. */
export const ALL_DEFINITIONS: readonly ResourceDefinition[] = [
  namespaceDefinition,
  nodeDefinition,
  eventDefinition,
  leaseDefinition,
  userVmDefinition,
  sandboxContainerDefinition,
  guestImageDefinition,
];
