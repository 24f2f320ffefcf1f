import { z } from 'zod';
import { conditionsSchema, type ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hexadecimal digits');
const file = z.object({
  name: z.string().min(1).describe('File name in the artifact.'),
  digest: sha256.describe('Digest of the content.'),
  sizeBytes: z.int().min(1).describe('Length of the content.'),
});

export const guestImageSpecSchema = z.object({
  digest: sha256.describe('Digest of the manifest; the node looks for the artifact under this name.'),
  version: z.string().describe('For people.'),
  kernel: file.describe('Linux kernel.'),
  initramfs: file.describe('Initial RAM disk.'),
  rootDisk: file.describe('Read-only erofs root.'),
  cmdline: z.string().describe("Kernel command line; the node appends the VM's own parameters."),
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
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['nodeName'] })
    .optional()
    .describe('Where the artifact is, with its digests checked.'),
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
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
