import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

export interface Namespace {
  apiVersion: 'v1';
  kind: 'Namespace';
  metadata: ObjectMeta;
  spec?: { finalizers?: string[] };
  status?: { phase?: 'Active' | 'Terminating' };
  [field: string]: unknown;
}

export const namespaceDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  categories: [],
  namespaced: false,
  hasStatus: true,
  builtIn: true,
  description: 'A scope for names.',
  schema: z.object({
    spec: z
      .object({ finalizers: z.array(z.string()).optional().describe('Who must still empty the namespace.') })
      .optional(),
    status: z
      .looseObject({
        phase: z.enum(['Active', 'Terminating']).optional().describe('Terminating takes no new objects.'),
      })
      .optional(),
  }),
  selectableFields: ['status.phase'],
  immutableFields: [],
  printerColumns: [
    { name: 'Status', type: 'string', jsonPath: '.status.phase', description: 'Active or Terminating' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
