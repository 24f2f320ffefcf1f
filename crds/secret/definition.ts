import { z } from 'zod';
import { AGE_COLUMN } from '../meta/age-column.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const secretFields = {
  data: z.record(z.string(), z.string()).optional().describe('Bytes in base64 by key.'),
  stringData: z
    .record(z.string(), z.string())
    .optional()
    .describe('Text by key, put into data when it is written; never read back.'),
  type: z.string().optional().describe('What programs may expect in data; never changes.'),
  immutable: z.boolean().optional().describe('Once true, data never changes and neither does this.'),
};

/** Types whose data is checked. Source: k8s.io/api/core/v1/types.go, SecretType */
export const SECRET_TYPES = {
  opaque: 'Opaque',
  serviceAccountToken: 'kubernetes.io/service-account-token',
  dockercfg: 'kubernetes.io/dockercfg',
  dockerConfigJson: 'kubernetes.io/dockerconfigjson',
  basicAuth: 'kubernetes.io/basic-auth',
  sshAuth: 'kubernetes.io/ssh-auth',
  tls: 'kubernetes.io/tls',
} as const;

/** core/v1 Secret. What is stored has no `stringData`. */
export interface Secret {
  apiVersion: 'v1';
  kind: 'Secret';
  metadata: ObjectMeta;
  data?: Record<string, string>;
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
  description: 'Small sensitive configuration of a user.',
  schema: z.object(secretFields),
  selectableFields: ['type'],
  immutableFields: [],
  printerColumns: [
    { name: 'Type', type: 'string', jsonPath: '.type', description: 'What programs may expect in it' },
    AGE_COLUMN,
  ],
};
