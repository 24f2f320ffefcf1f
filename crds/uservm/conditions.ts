/** Condition types of a UserVM. `True` is good, but for Stalled, which is there only while it is true. */
export const USER_VM_CONDITIONS = {
  /** A node was chosen (manager). */
  Scheduled: 'Scheduled',
  /** Image, volume, tap and VMM process are there (node). */
  Provisioned: 'Provisioned',
  /** The guest kernel runs and its control port answers (node). */
  Booted: 'Booted',
  /** The VM serves: booted, healthy, ingress answers (node). */
  Ready: 'Ready',
  /** Start after start failed, and no more is tried until the spec changes (node). */
  Stalled: 'Stalled',
} as const;

/** Condition and event reasons of a UserVM. `docs/operations.md` has a line for each. */
export const USER_VM_REASONS = {
  Scheduled: 'Scheduled',
  NoNodeAvailable: 'NoNodeAvailable',
  InsufficientCapacity: 'InsufficientCapacity',
  GuestImageNotFound: 'GuestImageNotFound',
  GuestImageUnavailable: 'GuestImageUnavailable',
  GuestImageCorrupt: 'GuestImageCorrupt',
  VolumeFailed: 'VolumeFailed',
  DiskFull: 'DiskFull',
  NetworkFailed: 'NetworkFailed',
  VmmStartFailed: 'VmmStartFailed',
  VmCreateFailed: 'VmCreateFailed',
  BootTimeout: 'BootTimeout',
  Provisioning: 'Provisioning',
  Provisioned: 'Provisioned',
  Booting: 'Booting',
  Booted: 'Booted',
  Ready: 'Ready',
  Stalled: 'Stalled',
  VmmExited: 'VmmExited',
  GuestUnresponsive: 'GuestUnresponsive',
  Paused: 'Paused',
  PauseFailed: 'PauseFailed',
  Suspending: 'Suspending',
  Standby: 'Standby',
  StandbyFailed: 'StandbyFailed',
  SnapshotUnusable: 'SnapshotUnusable',
  Woken: 'Woken',
  Resuming: 'Resuming',
  Resumed: 'Resumed',
  Stopping: 'Stopping',
  Stopped: 'Stopped',
  Recycling: 'Recycling',
  Deleting: 'Deleting',
  NodeLost: 'NodeLost',
  TapRepaired: 'TapRepaired',
  FirewallRepaired: 'FirewallRepaired',
  OrphanRemoved: 'OrphanRemoved',
} as const;

export type UserVmReason = (typeof USER_VM_REASONS)[keyof typeof USER_VM_REASONS];

/** Held while the node still has a process, tap, rule or volume of this VM. */
export const USER_VM_FINALIZER = 'holt.dev/vm';
