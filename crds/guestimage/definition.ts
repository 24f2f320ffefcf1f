import { z } from 'zod';
import { conditionsSchema, type ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';
import { artifactSchema, sha256 } from './artifact.ts';
import { rolloutSpecSchema, rolloutStatusSchema } from './rollout.ts';

export const guestImageSpecSchema = artifactSchema.extend({
  rollout: rolloutSpecSchema
    .optional()
    .describe('How the VMs come to a changed artifact; absent: each with its own next start.'),
});

export const guestImageStatusSchema = z.object({
  observedGeneration: z.int().optional().describe('The metadata.generation that this status is about.'),
  nodes: z
    .array(
      z.object({
        nodeName: z.string().describe('The node.'),
        present: z.boolean().describe('Whether all files are there with the right digests.'),
        verifiedAt: timestamp.describe('When that was last checked.'),
        message: z.string().optional().describe('What is missing or wrong.'),
        digest: sha256.optional().describe('The artifact that was looked for.'),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['nodeName'] })
    .optional()
    .describe('Where the artifact is, with its digests checked.'),
  rollout: rolloutStatusSchema.optional().describe('How far the VMs are; the manager writes it.'),
  conditions: conditionsSchema.optional(),
});

export type GuestImageSpec = z.infer<typeof guestImageSpecSchema>;
export type GuestImageStatus = z.infer<typeof guestImageStatusSchema>;

export interface GuestImage {
  apiVersion: 'holt.dev/v1alpha1';
  kind: 'GuestImage';
  metadata: ObjectMeta;
  spec: GuestImageSpec;
  status?: GuestImageStatus;
  [field: string]: unknown;
}

export const guestImageDefinition: ResourceDefinition = {
  group: 'holt.dev',
  version: 'v1alpha1',
  kind: 'GuestImage',
  plural: 'guestimages',
  singular: 'guestimage',
  shortNames: ['gi'],
  categories: ['holt'],
  namespaced: false,
  hasStatus: true,
  builtIn: false,
  description: 'A versioned, digest-addressed guest artifact: kernel, initramfs and root disk.',
  schema: z.object({ spec: guestImageSpecSchema, status: guestImageStatusSchema.optional() }),
  selectableFields: ['spec.digest'],
  immutableFields: [],
  printerColumns: [
    { name: 'Version', type: 'string', jsonPath: '.spec.version', description: 'For people' },
    { name: 'Digest', type: 'string', jsonPath: '.spec.digest', description: 'Digest of the manifest' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether some node has it, digests checked',
    },
    {
      name: 'VMs',
      type: 'integer',
      jsonPath: '.status.rollout.total',
      description: 'UserVMs that name it',
    },
    {
      name: 'Updated',
      type: 'integer',
      jsonPath: '.status.rollout.updated',
      description: 'Those that have the artifact, or get it at their next start',
    },
    {
      name: 'Rollout',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="RolledOut")].reason',
      description: 'How far its VMs are',
    },
    {
      name: 'Previous',
      type: 'string',
      jsonPath: '.status.rollout.previous',
      description: 'The artifact before',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
