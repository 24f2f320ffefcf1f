import { z } from 'zod';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const any = z.record(z.string(), z.unknown());

/**
 * core/v1 Pod as a view: each SandboxContainer shows as one, so that `kubectl logs`, `exec` and `attach`, which know
 * Pods alone, find it. Nothing is stored under it and nothing can be written.
 */
export const podDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: [],
  namespaced: true,
  hasStatus: false,
  hasStreams: true,
  isView: true,
  // It has no protobuf form: typed clients take JSON as well.
  builtIn: false,
  description: 'A SandboxContainer as a Pod, for clients that know Pods alone. It cannot be written.',
  schema: z.object({
    spec: any.optional().describe('The container, as a Pod would have it.'),
    status: any.optional().describe('How it stands, as a Pod would say.'),
  }),
  selectableFields: ['spec.nodeName', 'spec.restartPolicy', 'status.phase', 'status.podIP'],
  immutableFields: [],
  // Computed, as kubectl's users know them.
  printerColumns: [],
};
