import { z } from 'zod';
import { timestamp } from '../meta/timestamp.ts';
import { artifactSchema, sha256 } from './artifact.ts';

const intOrPercent = z.union([z.int(), z.string()]);

/** A structural schema has no bounds for what may be a number or a string: rules have. */
function intOrPercentRule(field: string, leastCount: number) {
  const value = `self.${field}`;
  return {
    rule: `type(${value}) == string ? ${value}.matches('^(100|[1-9]?[0-9])%$') : ${value} >= ${leastCount}`,
    message: `${field} must be a number from ${leastCount}, or a percentage such as "25%"`,
  };
}

/** How the VMs of a GuestImage come to a changed artifact. */
export const rolloutSpecSchema = z
  .object({
    strategy: z
      .enum(['OnRecycle', 'Rolling'])
      .default('OnRecycle')
      .describe(
        'OnRecycle: each VM takes the artifact with its own next start. Rolling: running VMs are recycled for it, never more than maxUnavailable at once.',
      ),
    canary: z
      .object({
        vms: z
          .array(z.string())
          .max(256)
          .meta({ 'x-kubernetes-list-type': 'set' })
          .optional()
          .describe('UserVMs as NAMESPACE/NAME.'),
        matchLabels: z
          .record(z.string(), z.string())
          .optional()
          .describe('UserVMs that have all these labels.'),
      })
      .optional()
      .describe('VMs that go first: the others follow once these serve.'),
    percentage: z
      .int()
      .min(0)
      .max(100)
      .default(100)
      .describe('How many of the VMs, rounded up; canaries in any case. Raising it goes on.'),
    maxUnavailable: intOrPercent
      .default(1)
      .describe(
        'VMs that the rollout may have down at once: a number, or a percentage rounded up; at least 1.',
      ),
    maxFailed: intOrPercent
      .default(0)
      .describe('VMs that may fail without ending the rollout; each of them counts as unavailable.'),
    minReadySeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(10)
      .describe('A VM counts as healthy once it and its live container were Ready for so long.'),
    progressDeadlineSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(600)
      .describe('A VM that is not healthy so long after it was to take the artifact has failed.'),
    autoRollback: z
      .boolean()
      .default(true)
      .describe('When too many fail, VMs go back to the artifact before; else the rollout stops there.'),
    paused: z
      .boolean()
      .default(false)
      .describe(
        'No further VM is given the artifact; what has it is still watched, and taken back if it fails.',
      ),
    historyLimit: z
      .int()
      .min(1)
      .max(10)
      .default(3)
      .describe('Earlier artifacts to keep for a way back; nodes keep their files.'),
  })
  .meta({
    'x-kubernetes-validations': [
      intOrPercentRule('maxUnavailable', 1),
      intOrPercentRule('maxFailed', 0),
      {
        rule: 'self.progressDeadlineSeconds > self.minReadySeconds',
        message: 'progressDeadlineSeconds must be greater than minReadySeconds',
      },
    ],
  });

/** A VM that the rollout may have down now. */
const underwaySchema = z.object({
  uid: z.string().describe('UID of the UserVM.'),
  namespace: z.string().describe('Its namespace.'),
  name: z.string().describe('Its name.'),
  since: timestamp.describe('When it was to take the artifact, or stopped serving with it.'),
});

/** One artifact that was to be rolled out. */
const historyEntrySchema = z.object({
  revision: z.int().describe('Of the rollout.'),
  artifact: artifactSchema.describe('The artifact as the spec had it.'),
  startedAt: timestamp.describe('When the spec was seen to name it.'),
  outcome: z
    .enum(['Progressing', 'Complete', 'RolledBack', 'Superseded'])
    .describe('What became of it; Superseded: the spec named another before all VMs had it.'),
  finishedAt: timestamp.optional().describe('When that was known.'),
});

export const rolloutStatusSchema = z.object({
  observedGeneration: z.int().describe('The metadata.generation that this is about.'),
  revision: z.int().describe('Counts the changes of desired.'),
  desired: sha256.describe(
    'The artifact that VMs are led to: the one of the spec, or after a failure the current.',
  ),
  current: sha256.describe(
    'The artifact of the last rollout that was completed: where a failure leads back to.',
  ),
  forNew: sha256.describe('The artifact of a VM that was given none of its own yet.'),
  previous: sha256.optional().describe('The artifact before: where undo leads to.'),
  failed: z
    .object({
      digest: sha256.describe('The artifact that failed.'),
      attempt: z.string().describe('Of which spec: it is not tried again until that changes.'),
      reason: z.string().describe('As in the condition Degraded.'),
      message: z.string().describe('Which VMs failed.'),
      at: timestamp.describe('When the way back began.'),
    })
    .optional()
    .describe('Why the artifact of the spec is not the desired one.'),
  total: z.int().describe('UserVMs that name the image.'),
  updated: z.int().describe('Those that run the desired artifact, or do not run and will start with it.'),
  ready: z.int().describe('Those that are Ready, with whatever artifact.'),
  unavailable: z.int().describe('Those that the rollout may have down now.'),
  failedVms: z.int().describe('Those that passed the progress deadline.'),
  underway: z
    .array(underwaySchema)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['uid'] })
    .optional()
    .describe('The VMs that are counted as unavailable.'),
  history: z
    .array(historyEntrySchema)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['revision'] })
    .optional()
    .describe('Artifacts that were rolled out, oldest first.'),
});

export type RolloutSpec = z.infer<typeof rolloutSpecSchema>;
export type RolloutStatus = z.infer<typeof rolloutStatusSchema>;
export type Underway = z.infer<typeof underwaySchema>;
export type RolloutHistoryEntry = z.infer<typeof historyEntrySchema>;
