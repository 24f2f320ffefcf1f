import { z } from 'zod';
import { AGE_COLUMN } from '../meta/age-column.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const configMapFields = {
  data: z.record(z.string(), z.string()).optional().describe('Text by key.'),
  binaryData: z
    .record(z.string(), z.string())
    .optional()
    .describe('Bytes in base64 by key; no key is in data too.'),
  immutable: z.boolean().optional().describe('Once true, data never changes and neither does this.'),
};

/** core/v1 ConfigMap. */
export interface ConfigMap {
  apiVersion: 'v1';
  kind: 'ConfigMap';
  metadata: ObjectMeta;
  data?: Record<string, string>;
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
  description: 'Configuration for programs to read.',
  schema: z.object(configMapFields),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [AGE_COLUMN],
};
