/** Condition types of a SandboxContainer. The first two are positive: `True` is good. The others are a job's. */
export const SANDBOX_CONTAINER_CONDITIONS = {
  /** The container exists in the guest with the declared spec and runs. */
  Started: 'Started',
  /** Its readiness probe passes (without a probe: it runs). */
  Ready: 'Ready',
  /** A job: its program ended with exit code 0. Absent until then, and final. */
  Complete: 'Complete',
  /** A job: it is given up. Absent until then, and final. */
  Failed: 'Failed',
  /** A job: `spec.job.suspend` holds it back. Absent where it never did. */
  Suspended: 'Suspended',
} as const;

/** Condition and event reasons of a SandboxContainer. `docs/operations.md` has a line for each. */
export const SANDBOX_CONTAINER_REASONS = {
  UserVmNotFound: 'UserVmNotFound',
  UserVmNotReady: 'UserVmNotReady',
  ImageUnavailable: 'ImageUnavailable',
  ClosureNotFound: 'ClosureNotFound',
  CreateFailed: 'CreateFailed',
  StartFailed: 'StartFailed',
  Created: 'Created',
  Started: 'Started',
  Recreated: 'Recreated',
  Ready: 'Ready',
  ProbeFailing: 'ProbeFailing',
  ProbePending: 'ProbePending',
  BackOff: 'BackOff',
  OOMKilled: 'OOMKilled',
  PidsLimitExceeded: 'PidsLimitExceeded',
  Error: 'Error',
  Completed: 'Completed',
  Disappeared: 'Disappeared',
  Removed: 'Removed',
  RuntimeUnreachable: 'RuntimeUnreachable',
  OrphanRemoved: 'OrphanRemoved',
  WaitingForDependencies: 'WaitingForDependencies',
  DependencyFailed: 'DependencyFailed',
  DependencyCycle: 'DependencyCycle',
  Interrupted: 'Interrupted',
  BackoffLimitExceeded: 'BackoffLimitExceeded',
  DeadlineExceeded: 'DeadlineExceeded',
  JobSuspended: 'JobSuspended',
  JobResumed: 'JobResumed',
} as const;

export type SandboxContainerReason =
  (typeof SANDBOX_CONTAINER_REASONS)[keyof typeof SANDBOX_CONTAINER_REASONS];

/** Held while the container still exists in a running guest. */
export const SANDBOX_CONTAINER_FINALIZER = 'holt.dev/container';
