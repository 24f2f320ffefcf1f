import { z } from 'zod';
import { AGE_COLUMN } from '../meta/age-column.ts';
import { durationText } from '../meta/duration.ts';
import { conditionsSchema, dnsLabel, type ObjectMeta } from '../meta/meta.ts';
import { byteQuantity } from '../meta/quantities.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

export const volumeSnapshotSpecSchema = z.object({
  source: z
    .object({
      userVMName: dnsLabel.describe('The UserVM, in the same namespace, whose data volume it is of.'),
    })
    .describe('What is copied. Immutable.'),
  size: byteQuantity
    .optional()
    .describe(
      "The most that it may hold, and what counts in quotas. Set at its creation to the UserVM's spec.dataVolume.size. Immutable.",
    ),
  retention: durationText
    .optional()
    .describe(
      'How long the node keeps the copy after the snapshot was deleted, e.g. "72h"; "0s" removes it at once. Default: 24h.',
    ),
});

export const volumeSnapshotStatusSchema = z.object({
  observedGeneration: z.int().optional().describe('The metadata.generation that this status is about.'),
  nodeName: z.string().optional().describe('The node that has it: that of the UserVM when it was made.'),
  userVMUID: z.string().optional().describe('UID of the UserVM that it is of.'),
  readyToUse: z.boolean().optional().describe('Whether the copy is whole.'),
  creationTime: timestamp.optional().describe('The moment whose data it holds.'),
  restoreSize: z.string().optional().describe('Size of the volume: one made from it is at least as large.'),
  consistency: z
    .enum(['FileSystem', 'Crash'])
    .optional()
    .describe(
      'FileSystem: the file system was frozen or not mounted, nothing is to be repaired. Crash: as after a power cut; its journal is replayed when it is mounted.',
    ),
  progress: z
    .object({
      copiedBytes: z.int().describe('Bytes on disk that were copied.'),
      totalBytes: z.int().describe('Bytes on disk of the volume.'),
    })
    .optional()
    .describe('How far a long copy is; absent when it is done.'),
  conditions: conditionsSchema.optional(),
});

export type VolumeSnapshotSpec = z.infer<typeof volumeSnapshotSpecSchema>;
export type VolumeSnapshotStatus = z.infer<typeof volumeSnapshotStatusSchema>;

export interface VolumeSnapshot {
  apiVersion: 'holt.dev/v1alpha1';
  kind: 'VolumeSnapshot';
  metadata: ObjectMeta;
  spec: VolumeSnapshotSpec;
  status?: VolumeSnapshotStatus;
  [field: string]: unknown;
}

/**
 * Names and fields as in VolumeSnapshot of snapshot.storage.k8s.io/v1, where they mean the same.
 * Source: kubernetes-csi/external-snapshotter client/apis/volumesnapshot/v1/types.go
 */
export const volumeSnapshotDefinition: ResourceDefinition = {
  group: 'holt.dev',
  version: 'v1alpha1',
  kind: 'VolumeSnapshot',
  plural: 'volumesnapshots',
  singular: 'volumesnapshot',
  shortNames: ['vs'],
  categories: ['holt'],
  namespaced: true,
  hasStatus: true,
  builtIn: false,
  description: "A copy of a UserVM's data volume as it was at one moment.",
  schema: z.object({ spec: volumeSnapshotSpecSchema, status: volumeSnapshotStatusSchema.optional() }),
  selectableFields: ['spec.source.userVMName', 'status.nodeName'],
  immutableFields: ['spec.source', 'spec.size'],
  printerColumns: [
    {
      name: 'ReadyToUse',
      type: 'boolean',
      jsonPath: '.status.readyToUse',
      description: 'Whether the copy is whole',
    },
    {
      name: 'SourceVM',
      type: 'string',
      jsonPath: '.spec.source.userVMName',
      description: 'The UserVM whose volume it is of',
    },
    {
      name: 'RestoreSize',
      type: 'string',
      jsonPath: '.status.restoreSize',
      description: 'Size of the volume',
    },
    {
      name: 'Consistency',
      type: 'string',
      jsonPath: '.status.consistency',
      description: 'FileSystem, or Crash',
    },
    { name: 'Node', type: 'string', jsonPath: '.status.nodeName', description: 'The node that has it' },
    {
      name: 'CreationTime',
      type: 'date',
      jsonPath: '.status.creationTime',
      description: 'The moment whose data it holds',
    },
    AGE_COLUMN,
  ],
};
