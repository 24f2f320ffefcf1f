import { USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import { describeDifferences } from './boot-spec.ts';
import type { UserVmLimits } from './limits.ts';
import type { DesiredVm, LiveVmm, Observation, VerifiedImage } from './observation.ts';
import type { Outcome, Plan } from './plan.ts';
import type { StandbyRecord } from './standby-record.ts';
import type { Step } from './step.ts';

const SUSPENDING = {
  state: 'stopping',
  reason: USER_VM_REASONS.Suspending,
  message: 'spec.powerState is Standby: the memory is written to disk, then the VMM ends',
  failed: false,
} as const satisfies Outcome;

/**
 * The next step of a VM that lives and is to sleep: pause, snapshot, end. Undefined: it is to be looked after as one
 * that runs, because it boots, or because the last try failed and the next one waits.
 */
export function planStandby(seen: Observation, vmm: LiveVmm, limits: UserVmLimits): Plan | undefined {
  if (seen.memory.retryInMs > 0) return undefined;
  if (vmm.api === 'paused') {
    const stop = {
      reason: USER_VM_REASONS.Suspending,
      message: SUSPENDING.message,
      startedAt: new Date(seen.nowMs).toISOString(),
      graceMs: 0,
      pressed: false,
    };
    const take: Step[] = seen.standby === undefined ? [{ name: 'takeSnapshot', bootId: seen.bootId }] : [];
    const steps: Step[] = [...take, { name: 'beginStop', stop }, { name: 'shutdownVmm' }];
    return { steps, outcome: SUSPENDING, requeueAfterMs: limits.stopPollMs };
  }
  const isUp = vmm.api === 'running' && (seen.wasBooted || vmm.guest !== undefined);
  if (!isUp) return undefined;
  // Told before the snapshot, which takes a while: nothing is sent to the VM from here on.
  const steps: Step[] = [{ name: 'requireSnapshotRoom' }, { name: 'pauseVm' }];
  return { steps, outcome: SUSPENDING, requeueAfterMs: 0 };
}

/** Why a snapshot cannot be gone on with, in words; undefined: it can. */
export function snapshotFault(
  standby: StandbyRecord,
  desired: DesiredVm,
  seen: Observation,
  image: VerifiedImage,
): string | undefined {
  if (standby.volumeMark !== seen.volumeMark) return 'the data volume was written to since';
  if (standby.boot.recycleId !== desired.boot.recycleId) return 'a recycle was asked for since';
  const changes = describeDifferences(standby.boot, desired.boot);
  if (changes.length > 0) return `the spec was changed since: ${changes.join(', ')}`;
  if (standby.imageDigest !== image.digest) return `GuestImage ${image.name} has another artifact since`;
  return undefined;
}

/** A VM that sleeps is to run: its snapshot is taken into a new VMM, and is gone before the VM goes on. */
export function planWake(
  desired: DesiredVm,
  seen: Observation,
  what: { readonly standby: StandbyRecord; readonly image: VerifiedImage },
  limits: UserVmLimits,
): Plan {
  const { standby, image } = what;
  const fault = snapshotFault(standby, desired, seen, image);
  if (fault !== undefined) return discardSnapshot(fault);
  const steps: Step[] = [
    { name: 'verifyImage', digest: image.digest },
    { name: 'ensureNetwork' },
    { name: 'prepareRunDirectory' },
    { name: 'spawnVmm', image, standby },
    ...restore(standby),
  ];
  return { steps, outcome: { state: 'resuming' }, requeueAfterMs: limits.bootPollMs };
}

/** The VMM of a wake was left without its VM. */
export function restore(standby: StandbyRecord): Step[] {
  return [{ name: 'restoreVm', snapshot: standby.snapshot }, { name: 'removeStandby' }, { name: 'resumeVm' }];
}

/** The snapshot goes, and the VM boots: its data volume has all that its guest had written out. */
export function discardSnapshot(fault: string): Plan {
  const message = `the snapshot of its memory is not used: ${fault}; the VM boots`;
  return {
    steps: [{ name: 'removeStandby' }],
    outcome: { state: 'ended', reason: USER_VM_REASONS.SnapshotUnusable, message },
    requeueAfterMs: 0,
  };
}
