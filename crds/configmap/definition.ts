import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

export interface ConfigMap {
  apiVersion: 'v1';
  kind: 'ConfigMap';
  metadata: ObjectMeta;
  data?: Record<string, string>;
  /** Base64. */
  binaryData?: Record<string, string>;
  immutable?: boolean;
  [field: string]: unknown;
}

export const configMapDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  categories: [],
  namespaced: true,
  hasStatus: false,
  builtIn: true,
  description: 'Configuration that is no secret.',
  schema: z.object({
    data: z.record(z.string(), z.string()).optional().describe('Texts by key.'),
    binaryData: z.record(z.string(), z.string()).optional().describe('Bytes in base64 by key.'),
    immutable: z.boolean().optional().describe('Whether data may no longer change.'),
  }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
