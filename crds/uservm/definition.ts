import { z } from 'zod';
import { durationText } from '../meta/duration.ts';
import { conditionsSchema, dnsLabel, type ObjectMeta } from '../meta/meta.ts';
import { byteQuantity } from '../meta/quantities.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

/** How long a deleted or replaced volume is kept where its object says nothing. */
export const DEFAULT_RETENTION = '24h';

export const userVmSpecSchema = z.object({
  user: dnsLabel.describe('The user whose VM this is: one VM a user, across all namespaces. Immutable.'),
  powerState: z
    .enum(['Running', 'Paused', 'Standby', 'Stopped'])
    .default('Running')
    .describe(
      'Running boots the VM and keeps it up; Paused freezes it as it runs, with its memory; Standby writes its memory to disk and ends it, until it is woken; Stopped shuts it down and keeps its volume.',
    ),
  cpus: z.int().min(1).max(64).default(1).describe('Virtual CPUs.'),
  memory: byteQuantity.default('1Gi').describe('Guest memory, e.g. "1Gi".'),
  guestImage: dnsLabel.default('default').describe('Name of the GuestImage to boot.'),
  dataVolume: z
    .object({
      size: byteQuantity.default('4Gi').describe('Size of the data volume; sparse, may grow, never shrinks.'),
      retention: durationText
        .optional()
        .describe(
          'How long the node keeps what is deleted or replaced of it, e.g. "72h"; "0s" removes it at once. Default: 24h.',
        ),
    })
    .default({ size: '4Gi' })
    .describe(
      'Persistent volume: survives stop, recycle and restart; kept for its retention time after the UserVM.',
    ),
  recycleRequest: z
    .string()
    .max(253)
    .optional()
    .describe(
      'Any new value asks for one recycle: the VM and its containers are made anew, the data volume is kept.',
    ),
  placement: z
    .object({ nodeName: dnsLabel.optional().describe('Run on this node only.') })
    .optional()
    .describe('Constraints for the scheduler.'),
});

export const lifecycleStepSchema = z.object({
  name: z
    .string()
    .describe(
      'scheduled, imageVerified, volumeReady, networkReady, vmmStarted, vmCreated, vmBooted (or vmRestored), guestReachable, ready',
    ),
  at: timestamp.describe('Wall time when the step was done.'),
  durationMs: z
    .int()
    .describe('Milliseconds since the step before, on a monotonic clock where one process saw both.'),
});

export const userVmStatusSchema = z.object({
  phase: z
    .enum([
      'Pending',
      'Scheduled',
      'Provisioning',
      'Booting',
      'Running',
      'Paused',
      'Resuming',
      'Suspending',
      'Standby',
      'Stopping',
      'Stopped',
      'Failed',
      'Deleting',
    ])
    .optional()
    .describe('Where the VM stands, in a word.'),
  observedGeneration: z.int().optional().describe('The metadata.generation that this status is about.'),
  nodeName: z.string().optional().describe('The binding: set once by the scheduler.'),
  vmId: z
    .string()
    .optional()
    .describe('Stable id of this VM in logs, headers and traces: vm- and 12 hex digits of the UID.'),
  vmmPid: z.int().optional().describe('Process id of the VMM on its node while it runs.'),
  addresses: z
    .object({ ip: z.string().describe('IPv4 address.'), mac: z.string().describe('Hardware address.') })
    .optional()
    .describe('Address on the VM bridge.'),
  bootId: z.string().optional().describe("The guest kernel's boot id: changes with each boot."),
  bootCount: z.int().optional().describe('How often the VM was booted.'),
  guestImage: z
    .object({
      name: z.string().describe('Name of the GuestImage.'),
      digest: z.string().describe('Digest of its manifest.'),
    })
    .optional()
    .describe('The artifact that is booted.'),
  desiredImage: z
    .object({
      name: z.string().describe('Name of the GuestImage that this is about.'),
      digest: z.string().describe('Digest of the manifest.'),
      apply: z
        .enum(['Now', 'NextStart'])
        .describe(
          'Now: the VM is recycled onto it as soon as it can boot there. NextStart: at its own next start.',
        ),
      revision: z.int().describe('The revision of the rollout that gave it.'),
      wasDown: z
        .boolean()
        .optional()
        .describe('The VM was to serve and did not when it was given the artifact.'),
    })
    .optional()
    .describe("The artifact that a rollout gave this VM; absent: the image's own. The manager writes it."),
  previousImage: z
    .object({
      name: z.string().describe('Name of the GuestImage.'),
      digest: z.string().describe('Digest of the manifest.'),
    })
    .optional()
    .describe('The artifact before the desired one.'),
  dataVolume: z
    .object({ sizeBytes: z.int().describe('Bytes, as at the last start of the VM.') })
    .optional()
    .describe('The data volume that is there; absent until one was made.'),
  recycledFor: z.string().optional().describe('The spec.recycleRequest that was last carried out.'),
  lifecycle: z
    .array(lifecycleStepSchema)
    .optional()
    .describe('Steps of the last start, in order, with their times.'),
  conditions: conditionsSchema.optional(),
});

export type UserVmSpec = z.infer<typeof userVmSpecSchema>;
export type UserVmStatus = z.infer<typeof userVmStatusSchema>;
export type LifecycleStep = z.infer<typeof lifecycleStepSchema>;

export interface UserVm {
  apiVersion: 'holt.dev/v1alpha1';
  kind: 'UserVM';
  metadata: ObjectMeta;
  spec: UserVmSpec;
  status?: UserVmStatus;
  [field: string]: unknown;
}

export const userVmDefinition: ResourceDefinition = {
  group: 'holt.dev',
  version: 'v1alpha1',
  kind: 'UserVM',
  plural: 'uservms',
  singular: 'uservm',
  shortNames: ['uvm', 'vm'],
  categories: ['all', 'holt'],
  namespaced: true,
  hasStatus: true,
  builtIn: false,
  description: 'One kernel-isolated microVM for one user.',
  schema: z.object({ spec: userVmSpecSchema, status: userVmStatusSchema.optional() }),
  selectableFields: ['spec.user', 'status.nodeName', 'status.phase'],
  immutableFields: ['spec.user'],
  printerColumns: [
    { name: 'User', type: 'string', jsonPath: '.spec.user', description: 'The user whose VM this is' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where the VM stands' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether the VM serves',
    },
    { name: 'Node', type: 'string', jsonPath: '.status.nodeName', description: 'The node it is bound to' },
    {
      name: 'IP',
      type: 'string',
      jsonPath: '.status.addresses.ip',
      description: 'Address on the VM bridge',
      priority: 1,
    },
    {
      name: 'VMM-PID',
      type: 'integer',
      jsonPath: '.status.vmmPid',
      description: 'VMM process id',
      priority: 1,
    },
    {
      name: 'Image',
      type: 'string',
      jsonPath: '.status.guestImage.digest',
      description: 'The booted artifact',
      priority: 1,
    },
    {
      name: 'Desired',
      type: 'string',
      jsonPath: '.status.desiredImage.digest',
      description: 'The artifact that a rollout gave it',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
