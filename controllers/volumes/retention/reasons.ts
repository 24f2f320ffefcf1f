/** Reasons of a Node's events about volumes that it keeps after their deletion. `docs/operations.md` has a line for each. */
export const RETENTION_REASONS = {
  VolumeRetained: 'VolumeRetained',
  RetainedVolumePurged: 'RetainedVolumePurged',
  RetainedVolumePurgeFailed: 'RetainedVolumePurgeFailed',
} as const;
