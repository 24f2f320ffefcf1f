/** Condition types of a VolumeSnapshot. Both are positive: `True` is good. */
export const VOLUME_SNAPSHOT_CONDITIONS = {
  /** The node that has the volume was told (manager). */
  Bound: 'Bound',
  /** The copy is whole (node). */
  Ready: 'Ready',
} as const;

/** Condition and event reasons of a VolumeSnapshot. `docs/operations.md` has a line for each. */
export const VOLUME_SNAPSHOT_REASONS = {
  Bound: 'Bound',
  UserVmNotFound: 'UserVmNotFound',
  UserVmNotReady: 'UserVmNotReady',
  Copying: 'Copying',
  SnapshotTaken: 'SnapshotTaken',
  VolumeNotFound: 'VolumeNotFound',
  GuestNotFrozen: 'GuestNotFrozen',
  FreezeTooShort: 'FreezeTooShort',
  VolumeChanged: 'VolumeChanged',
  SizeExceeded: 'SizeExceeded',
  DiskFull: 'DiskFull',
  SnapshotFailed: 'SnapshotFailed',
  SnapshotLost: 'SnapshotLost',
} as const;

export type VolumeSnapshotReason = (typeof VOLUME_SNAPSHOT_REASONS)[keyof typeof VOLUME_SNAPSHOT_REASONS];

/** Held while the node still has the snapshot's file. */
export const VOLUME_SNAPSHOT_FINALIZER = 'holt.dev/volume-snapshot';
