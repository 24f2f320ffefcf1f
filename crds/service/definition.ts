import { z } from 'zod';
import { AGE_COLUMN } from '../meta/age-column.ts';
import { conditionSchema, type ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const atomic = { 'x-kubernetes-list-type': 'atomic' } as const;
const atomicTexts = z.array(z.string()).meta(atomic).optional();

const servicePort = z.object({
  name: z.string().optional(),
  protocol: z.string().default('TCP'),
  appProtocol: z.string().optional(),
  port: z.int(),
  targetPort: z.union([z.int(), z.string()]).optional(),
  nodePort: z.int().optional(),
});

const serviceSpec = z.object({
  type: z.string().optional().describe('ClusterIP without an address, or ExternalName.'),
  clusterIP: z.string().optional().describe('Always None: there is no cluster network.'),
  clusterIPs: atomicTexts,
  externalName: z.string().optional().describe('The DNS name that an ExternalName stands for.'),
  ports: z
    .array(servicePort)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'protocol'] })
    .optional()
    .describe('The ports that it is reached at.'),
  selector: z.record(z.string(), z.string()).optional().describe('Labels of what serves it.'),
  externalIPs: atomicTexts,
  externalTrafficPolicy: z.string().optional(),
  internalTrafficPolicy: z.string().optional(),
  trafficDistribution: z.string().optional(),
  ipFamilies: atomicTexts,
  ipFamilyPolicy: z.string().optional(),
  loadBalancerIP: z.string().optional(),
  loadBalancerClass: z.string().optional(),
  loadBalancerSourceRanges: atomicTexts,
  allocateLoadBalancerNodePorts: z.boolean().optional(),
  healthCheckNodePort: z.int().optional(),
  publishNotReadyAddresses: z.boolean().optional(),
  sessionAffinity: z.string().optional(),
  sessionAffinityConfig: z
    .object({ clientIP: z.object({ timeoutSeconds: z.int().optional() }).optional() })
    .optional(),
});

const serviceStatus = z.object({
  loadBalancer: z.object({ ingress: z.array(z.looseObject({})).meta(atomic).optional() }).optional(),
  conditions: z
    .array(conditionSchema)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .optional(),
});

export type ServicePort = z.infer<typeof servicePort>;

/** core/v1 Service, as far as it makes sense without a cluster network: a name and ports. */
export interface Service {
  apiVersion: 'v1';
  kind: 'Service';
  metadata: ObjectMeta;
  spec?: z.infer<typeof serviceSpec>;
  status?: z.infer<typeof serviceStatus>;
  [field: string]: unknown;
}

export const serviceDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  builtIn: true,
  description: 'A name for something that is reached over the network.',
  schema: z.object({ spec: serviceSpec.optional(), status: serviceStatus.optional() }),
  selectableFields: ['spec.clusterIP', 'spec.type'],
  immutableFields: [],
  printerColumns: [AGE_COLUMN],
};
