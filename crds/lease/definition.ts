import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

export const leaseSpecSchema = z.object({
  holderIdentity: z.string().optional(),
  leaseDurationSeconds: z.int().min(1).optional(),
  acquireTime: z.string().optional().describe('MicroTime.'),
  renewTime: z.string().optional().describe('MicroTime.'),
  leaseTransitions: z.int().optional().describe('Rises with each new holder: the fencing token.'),
  preferredHolder: z.string().optional(),
  strategy: z.string().optional(),
});

export interface Lease {
  apiVersion: 'coordination.k8s.io/v1';
  kind: 'Lease';
  metadata: ObjectMeta;
  spec: z.infer<typeof leaseSpecSchema>;
  [field: string]: unknown;
}

export const leaseDefinition: ResourceDefinition = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  shortNames: [],
  categories: [],
  namespaced: true,
  hasStatus: false,
  builtIn: true,
  description: 'A heartbeat or a leader election record.',
  schema: z.object({ spec: leaseSpecSchema.optional() }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [
    { name: 'Holder', type: 'string', jsonPath: '.spec.holderIdentity', description: 'Who holds it' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
