import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

export const leaseSpecSchema = z.object({
  holderIdentity: z.string().optional().describe('Who holds the lease.'),
  leaseDurationSeconds: z.int().min(1).optional().describe('How long after renewTime the lease still holds.'),
  acquireTime: timestamp.optional().describe('When the holder took it, to the microsecond.'),
  renewTime: timestamp.optional().describe('When the holder last renewed it, to the microsecond.'),
  leaseTransitions: z.int().min(0).optional().describe('Rises with each new holder: the fencing token.'),
  preferredHolder: z.string().optional().describe('Who should hold it, in a coordinated election.'),
  strategy: z.string().optional().describe('How a coordinated election picks the holder.'),
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
