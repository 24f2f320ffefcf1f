import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

export interface Secret {
  apiVersion: 'v1';
  kind: 'Secret';
  metadata: ObjectMeta;
  /** Base64. */
  data?: Record<string, string>;
  /** Write-only: the server puts it into data. */
  stringData?: Record<string, string>;
  type?: string;
  immutable?: boolean;
  [field: string]: unknown;
}

export const secretDefinition: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  categories: [],
  namespaced: true,
  hasStatus: false,
  builtIn: true,
  description: "A user's own small secret configuration; never a provider's key.",
  schema: z.object({
    data: z.record(z.string(), z.string()).optional().describe('Bytes in base64 by key.'),
    stringData: z
      .record(z.string(), z.string())
      .optional()
      .describe('Texts by key; written into data, and never read back.'),
    type: z.string().optional().describe('What data must hold; Opaque: anything.'),
    immutable: z.boolean().optional().describe('Whether data may no longer change.'),
  }),
  selectableFields: ['type'],
  immutableFields: ['type'],
  printerColumns: [
    { name: 'Type', type: 'string', jsonPath: '.type', description: 'What data must hold' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
