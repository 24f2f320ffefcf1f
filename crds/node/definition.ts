import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

const resourceList = z.record(z.string(), z.union([z.string(), z.number()]));

/** core/v1 NodeCondition: unlike metav1.Condition it has a heartbeat time. */
const nodeConditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  lastHeartbeatTime: timestamp.nullable().optional(),
  lastTransitionTime: timestamp.nullable().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

export const nodeSpecSchema = z.looseObject({
  unschedulable: z.boolean().optional().describe('No new VM is placed here.'),
  providerID: z.string().optional().describe('Id of the machine at its provider.'),
});

export const nodeStatusSchema = z.looseObject({
  capacity: resourceList.optional().describe('What the host has.'),
  allocatable: resourceList.optional().describe('What VMs may use of it.'),
  conditions: z
    .array(nodeConditionSchema)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .optional()
    .describe('How things stand, one entry for each type of condition.'),
  addresses: z
    .array(z.object({ type: z.string(), address: z.string() }))
    .optional()
    .describe('Where the host is reached.'),
  daemonEndpoints: z
    .object({ kubeletEndpoint: z.object({ Port: z.int() }).optional() })
    .optional()
    .describe('Ports at these addresses: kubeletEndpoint is where API servers get logs and streams.'),
  nodeInfo: z.record(z.string(), z.unknown()).optional().describe('Versions of what runs on the host.'),
});

export interface Node {
  apiVersion: 'v1';
  kind: 'Node';
  metadata: ObjectMeta;
  spec?: z.infer<typeof nodeSpecSchema>;
  status?: z.infer<typeof nodeStatusSchema>;
  [field: string]: unknown;
}

/** Namespace of the nodes' heartbeat Leases, as in Kubernetes. */
export const NODE_LEASE_NAMESPACE = 'kube-node-lease';

export const nodeDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  categories: [],
  namespaced: false,
  hasStatus: true,
  builtIn: true,
  description: 'A host that runs VMs.',
  schema: z.object({ spec: nodeSpecSchema.optional(), status: nodeStatusSchema.optional() }),
  selectableFields: ['spec.unschedulable'],
  immutableFields: [],
  printerColumns: [
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether its controllers heartbeat',
    },
    {
      name: 'VMM',
      type: 'string',
      jsonPath: '.metadata.labels.holt\\.dev/vmm-mode',
      description: 'kvm or emulated',
    },
    { name: 'CPUs', type: 'string', jsonPath: '.status.capacity.cpu', description: 'Host CPUs', priority: 1 },
    {
      name: 'Memory',
      type: 'string',
      jsonPath: '.status.capacity.memory',
      description: 'Host memory',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
