/** Conditions of a GuestImage besides Ready, which the nodes write. The manager writes these. */
export const ROLLOUT_CONDITIONS = {
  /** True is good: every VM that names the image has the artifact of its spec. */
  RolledOut: 'RolledOut',
  /** False is good: True while VMs fail with the artifact, and after it was rolled back. */
  Degraded: 'Degraded',
} as const;

/** Reasons of those conditions and of events. `docs/operations.md` has a line for each. */
export const ROLLOUT_REASONS = {
  RolloutComplete: 'RolloutComplete',
  RollingOut: 'RollingOut',
  WaitingForStarts: 'WaitingForStarts',
  PartitionReached: 'PartitionReached',
  RolloutPaused: 'RolloutPaused',
  ArtifactMissing: 'ArtifactMissing',
  ProgressDeadlineExceeded: 'ProgressDeadlineExceeded',
  RollingBack: 'RollingBack',
  RolledBack: 'RolledBack',
  AsExpected: 'AsExpected',
  ArtifactAssigned: 'ArtifactAssigned',
} as const;

export type RolloutReason = (typeof ROLLOUT_REASONS)[keyof typeof ROLLOUT_REASONS];
