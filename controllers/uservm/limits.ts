/** Bounds of a VM's life on this host, in milliseconds where the name says so. */
export interface UserVmLimits {
  /** From spawn until the VMM's API must answer. */
  readonly apiStartMs: number;
  /** From spawn until the guest and its ingress must answer. */
  readonly bootMs: number;
  /** Between power button and hard stop when the VM is stopped or made anew. */
  readonly stopGraceMs: number;
  /** The same when the VM is deleted with its volume: nothing is kept, so little is waited for. */
  readonly deleteGraceMs: number;
  /** The same when the VM is restarted because it lost its network. */
  readonly repairGraceMs: number;
  /** From the end of the grace, vmm.shutdown, to SIGKILL. */
  readonly killAfterMs: number;
  /** Checks in a row that a booted guest may leave unanswered. */
  readonly silentChecksMax: number;
  readonly healthPeriodMs: number;
  /** Between checks while the guest is silent. */
  readonly silentPeriodMs: number;
  /** Between looks at a VM that boots. */
  readonly bootPollMs: number;
  readonly stopPollMs: number;
  /** First delay after the second failure in a row; doubles with each further one. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** So many starts in a row must fail, over at least so long, before no more is tried. */
  readonly failedStartsMax: number;
  readonly stallAfterMs: number;
  /** A VM that was ready for so long starts its count of failures anew. */
  readonly stableAfterMs: number;
}

const KVM: UserVmLimits = {
  apiStartMs: 15_000,
  bootMs: 60_000,
  stopGraceMs: 20_000,
  deleteGraceMs: 10_000,
  repairGraceMs: 5_000,
  killAfterMs: 2_000,
  silentChecksMax: 3,
  healthPeriodMs: 10_000,
  silentPeriodMs: 2_000,
  bootPollMs: 50,
  stopPollMs: 100,
  backoffBaseMs: 1_000,
  backoffMaxMs: 60_000,
  failedStartsMax: 6,
  stallAfterMs: 300_000,
  stableAfterMs: 120_000,
};

/** Software emulation is 10 to 30 times slower, and slower still while the host's few CPUs are shared. */
const EMULATED: UserVmLimits = {
  ...KVM,
  apiStartMs: 30_000,
  bootMs: 240_000,
  stopGraceMs: 60_000,
  deleteGraceMs: 20_000,
  repairGraceMs: 20_000,
  stallAfterMs: 1_800_000,
  silentChecksMax: 6,
  silentPeriodMs: 5_000,
  bootPollMs: 150,
};

export function limitsOf(mode: 'kvm' | 'emulated'): UserVmLimits {
  return mode === 'kvm' ? KVM : EMULATED;
}

/** How long to wait before the next start after `failureCount` failures in a row; the first retry is at once. */
export function backoffMs(limits: UserVmLimits, failureCount: number): number {
  if (failureCount <= 1) return 0;
  return Math.min(limits.backoffMaxMs, limits.backoffBaseMs * 2 ** Math.min(failureCount - 2, 20));
}
