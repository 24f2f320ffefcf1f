import { USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import { describeDifferences } from './boot-spec.ts';
import type { UserVmLimits } from './limits.ts';
import type { GuestInfo } from './node-effects.ts';
import type { DesiredVm, LiveVmm, Observation } from './observation.ts';
import { discardSnapshot, planStandby, planWake, restore } from './plan-standby.ts';
import { planStop } from './plan-stop.ts';
import type { StandbyRecord } from './standby-record.ts';
import type { Step } from './step.ts';
import type { VmmRecord } from './vmm-record.ts';

/** What is true of the VM once the steps are done; the status is made of it. */
export type Outcome =
  | { readonly state: 'waiting' | 'failed'; readonly reason: string; readonly message: string }
  | { readonly state: 'booting' }
  /** It was paused, and its guest does not answer yet. */
  | { readonly state: 'resuming' }
  | { readonly state: 'paused' }
  | { readonly state: 'standby'; readonly message: string; readonly standby: StandbyRecord | undefined }
  | { readonly state: 'booted'; readonly guest: GuestInfo }
  | { readonly state: 'running'; readonly guest: GuestInfo }
  /** Serves with what it was booted with, because the wanted change cannot be made now. */
  | { readonly state: 'unmet'; readonly guest: GuestInfo; readonly reason: string; readonly message: string }
  /** Booted before, and not answering this time. The status stays until it was silent too often. */
  | { readonly state: 'silent' }
  /** Nothing to tell: the next look follows at once. */
  | { readonly state: 'unchanged' }
  | {
      readonly state: 'stopping';
      readonly reason: string;
      readonly message: string;
      readonly failed: boolean;
    }
  /** Nothing is tried any more until the spec changes. */
  | { readonly state: 'stalled'; readonly reason: string; readonly message: string }
  | { readonly state: 'exited' }
  /** The VMM is gone as it was asked to be. */
  | { readonly state: 'ended'; readonly reason: string; readonly message: string }
  | { readonly state: 'stopped'; readonly message: string }
  | { readonly state: 'deleted' };

/** What to do now: named steps in order, what is true then, and when to look again. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly outcome: Outcome;
  readonly requeueAfterMs: number | undefined;
}

/** Until an image that is being verified is looked at again: whoever verifies it tells, so this is a net. */
const PENDING_IMAGE_MS = 200;

/** Decides the next steps of one VM. Pure: equal arguments, equal plan. */
export function planUserVm(desired: DesiredVm, seen: Observation, limits: UserVmLimits): Plan {
  if (seen.vmm !== undefined && seen.record !== undefined) return planLive(desired, seen, seen.vmm, limits);
  if (seen.leftovers.length > 0) {
    // Nothing else before they are gone: two VMMs must never have the same volume.
    const steps: Step[] = [{ name: 'killProcesses', processes: seen.leftovers }];
    return { steps, outcome: { state: 'unchanged' }, requeueAfterMs: limits.stopPollMs };
  }
  if (seen.record !== undefined || seen.wasRunning) return planGone(seen);
  return planDead(desired, seen, limits);
}

/** The VMM is gone: what it left is cleared away before anything else, and its end is written down. */
function planGone(seen: Observation): Plan {
  const stop = seen.record?.stop;
  const { standby } = seen;
  const wasToSleep = stop?.reason === USER_VM_REASONS.Suspending;
  if (standby !== undefined && seen.record?.restoredFrom !== undefined && !wasToSleep) {
    // Tried once: whether it is the snapshot's fault that the VMM ended, nobody can tell.
    const plan = discardSnapshot(stop?.message ?? 'the VMM ended while it was restored');
    return { ...plan, steps: [...plan.steps, { name: 'clearRun' }] };
  }
  const outcome: Outcome =
    stop === undefined ? { state: 'exited' } : { state: 'ended', reason: stop.reason, message: stop.message };
  return { steps: [{ name: 'clearRun' }], outcome, requeueAfterMs: 0 };
}

/** Nobody asked for a boot: what would be frozen is another run of the guest than the one that was meant. */
const NOTHING_TO_PAUSE =
  'spec.powerState is Paused, and no VM runs that could be paused: it is stopped, its data volume is kept';

function planDead(desired: DesiredVm, seen: Observation, limits: UserVmLimits): Plan {
  if (desired.goal === 'standby' || (desired.goal === 'pause' && seen.standby !== undefined)) {
    return { steps: removePort(seen), outcome: asleep(seen), requeueAfterMs: undefined };
  }
  if (desired.goal === 'stop' || desired.goal === 'pause') {
    const isPause = desired.goal === 'pause';
    const message = isPause ? NOTHING_TO_PAUSE : 'the VM is stopped; its data volume is kept';
    const steps: Step[] = [...removeStandby(seen), ...removePort(seen)];
    return { steps, outcome: { state: 'stopped', message }, requeueAfterMs: undefined };
  }
  if (desired.goal === 'delete') {
    const steps: Step[] = [...removePort(seen), { name: 'removeVolume' }, { name: 'removeRunDirectory' }];
    return { steps, outcome: { state: 'deleted' }, requeueAfterMs: undefined };
  }
  if (seen.wasStalled || seen.memory.isStalled) {
    return { steps: removePort(seen), outcome: stalled(seen), requeueAfterMs: undefined };
  }
  if (seen.memory.retryInMs > 0) {
    const failure = seen.memory.lastFailure ?? { reason: USER_VM_REASONS.Provisioning, message: 'waiting' };
    return { steps: [], outcome: { ...failure, state: 'failed' }, requeueAfterMs: seen.memory.retryInMs };
  }
  return planStart(desired, seen, limits);
}

function stalled({ memory, image }: Observation): Outcome {
  const reason = USER_VM_REASONS.Stalled;
  const what = image.state === 'verified' ? ` of ${image.image.digest}` : '';
  const last = memory.lastFailure === undefined ? '' : ` The last time: ${memory.lastFailure.message}`;
  const message = `start after start${what} failed; no more is tried until the spec is changed or a recycle is asked for.${last}`;
  return { state: 'stalled', reason, message };
}

function asleep({ standby }: Observation): Outcome {
  const message =
    standby === undefined
      ? 'the VM does not run, and no memory of it was kept: it boots when it is woken'
      : `the VM sleeps with its memory of ${standby.takenAt} on disk`;
  return { state: 'standby', message, standby };
}

function removeStandby({ standby }: Observation): Step[] {
  return standby === undefined ? [] : [{ name: 'removeStandby' }];
}

function removePort(seen: Observation): Step[] {
  return seen.portSight.isAbsent ? [] : [{ name: 'removeNetwork' }];
}

function planStart(desired: DesiredVm, seen: Observation, limits: UserVmLimits): Plan {
  if (seen.image.state === 'missing') {
    const { reason, message } = seen.image;
    return { steps: [], outcome: { state: 'failed', reason, message }, requeueAfterMs: 5_000 };
  }
  if (seen.image.state === 'pending') {
    const outcome: Outcome = {
      state: 'waiting',
      reason: USER_VM_REASONS.Provisioning,
      message: 'the guest image is being verified',
    };
    return { steps: [], outcome, requeueAfterMs: PENDING_IMAGE_MS };
  }
  const { standby } = seen;
  if (standby !== undefined) return planWake(desired, seen, { standby, image: seen.image.image }, limits);
  const { digest } = seen.image.image;
  const steps: Step[] = [
    { name: 'verifyImage', digest },
    { name: 'ensureVolume', isStart: true },
    { name: 'ensureNetwork' },
    { name: 'prepareRunDirectory' },
    { name: 'spawnVmm', image: seen.image.image },
    { name: 'createVm', image: seen.image.image },
    ...boot(digest),
  ];
  return { steps, outcome: { state: 'booting' }, requeueAfterMs: limits.bootPollMs };
}

/** The VMM opens the files when it boots: they are looked at once more right before. */
function boot(digest: string): Step[] {
  return [{ name: 'verifyImage', digest }, { name: 'bootVm' }];
}

/** The recorded VMM lives. */
function planLive(desired: DesiredVm, seen: Observation, vmm: LiveVmm, limits: UserVmLimits): Plan {
  const record = recordOf(seen);
  if (record.stop !== undefined) return planStop(seen, record.stop, limits);
  if (seen.standby !== undefined && (vmm.api === 'running' || isForBoot(record, vmm))) {
    return { steps: removeStandby(seen), outcome: { state: 'unchanged' }, requeueAfterMs: 0 };
  }
  const end = reasonToEnd(desired, seen, limits);
  const obstacle = end?.isForNewSpec === true ? obstacleOf(seen) : undefined;
  if (end !== undefined && obstacle === undefined) return beginStop(seen, end, limits);
  const repairs: Step[] = seen.portSight.isConverged ? [] : [{ name: 'ensureNetwork' }];
  const plan = planGoal(desired, seen, vmm, limits);
  const steps = [...repairs, ...plan.steps];
  if (obstacle === undefined || plan.outcome.state !== 'running') return { ...plan, steps };
  if (seen.image.state === 'pending') return { ...plan, steps, requeueAfterMs: PENDING_IMAGE_MS };
  const { guest } = plan.outcome;
  return { steps, outcome: { ...obstacle, state: 'unmet', guest }, requeueAfterMs: limits.silentPeriodMs };
}

function recordOf({ record }: Observation) {
  if (record === undefined) throw new TypeError('a live VMM without its record is a leftover');
  return record;
}

/** Why a VM that runs is not restarted for its new spec now: it would not come back. */
function obstacleOf({ image, memory }: Observation): { reason: string; message: string } | undefined {
  if (image.state === 'missing') return { reason: image.reason, message: image.message };
  if (image.state === 'pending') {
    return { reason: USER_VM_REASONS.Provisioning, message: 'the guest image is being verified' };
  }
  return memory.retryInMs > 0 ? memory.lastFailure : undefined;
}

interface End {
  readonly reason: string;
  readonly message: string;
  readonly graceMs: number;
  readonly failed?: boolean;
  /** The VM is healthy, and made anew only because its object changed. */
  readonly isForNewSpec?: boolean;
}

function reasonToEnd(desired: DesiredVm, seen: Observation, limits: UserVmLimits): End | undefined {
  const { record, portSight } = seen;
  // A guest that never answered has nothing running that could be ended in order.
  const grace = (graceMs: number) => (seen.wasBooted ? graceMs : 0);
  if (desired.goal === 'delete') {
    const message = 'the UserVM is being deleted';
    return { reason: USER_VM_REASONS.Deleting, message, graceMs: grace(limits.deleteGraceMs) };
  }
  if (desired.goal === 'stop') {
    const message = 'spec.powerState is Stopped';
    return { reason: USER_VM_REASONS.Stopping, message, graceMs: grace(limits.stopGraceMs) };
  }
  // Whatever would make a VM anew waits until it runs again: its memory is what was asked to be kept.
  if (record === undefined || desired.goal !== 'run') return undefined;
  if (record.boot.recycleId !== desired.boot.recycleId) {
    const message = `recycle request ${JSON.stringify(desired.recycleRequest ?? '')}`;
    const graceMs = grace(limits.stopGraceMs);
    return { reason: USER_VM_REASONS.Recycling, message, graceMs, isForNewSpec: true };
  }
  const changes = describeDifferences(record.boot, desired.boot);
  if (changes.length > 0) {
    const message = `restarting with the new spec: ${changes.join(', ')}`;
    const graceMs = grace(limits.stopGraceMs);
    return { reason: USER_VM_REASONS.Stopping, message, graceMs, isForNewSpec: true };
  }
  if (desired.dueDigest !== undefined && desired.dueDigest !== record.imageDigest) {
    const message = `GuestImage ${desired.boot.guestImage}: ${record.imageDigest} -> ${desired.dueDigest}`;
    const graceMs = grace(limits.stopGraceMs);
    return { reason: USER_VM_REASONS.Recycling, message, graceMs, isForNewSpec: true };
  }
  if (portSight.ifindex !== record.tapIfindex) {
    const message = `tap ${seen.port.tap} was removed; restarting the VM on a new one`;
    return { reason: USER_VM_REASONS.TapRepaired, message, graceMs: grace(limits.repairGraceMs) };
  }
  return undefined;
}

function beginStop(seen: Observation, end: End, limits: UserVmLimits): Plan {
  const { reason, message, graceMs, failed = false } = end;
  const steps: Step[] = [];
  // The tap is put back at once, the VM follows: the host's side is whole within seconds in any case.
  if (reason === USER_VM_REASONS.TapRepaired) steps.push({ name: 'ensureNetwork' });
  // A volume that cannot grow must be found out while the VM still runs.
  if (end.isForNewSpec === true) {
    // So must an image that was changed since the last look.
    if (seen.image.state === 'verified') {
      steps.push({ name: 'verifyImage', digest: seen.image.image.digest });
    }
    steps.push({ name: 'ensureVolume', isStart: false });
  }
  const startedAt = new Date(seen.nowMs).toISOString();
  steps.push({ name: 'beginStop', stop: { reason, message, startedAt, graceMs, pressed: false } });
  steps.push(graceMs > 0 ? { name: 'pressPowerButton' } : { name: 'shutdownVmm' });
  return {
    steps,
    outcome: { state: 'stopping', reason, message, failed },
    requeueAfterMs: limits.stopPollMs,
  };
}

/** A VMM that was started for a boot: whatever snapshot there is, it is none of this VM's. */
function isForBoot(record: VmmRecord, vmm: LiveVmm): boolean {
  return record.restoredFrom === undefined && (vmm.api === 'empty' || vmm.api === 'created');
}

function planGoal(desired: DesiredVm, seen: Observation, vmm: LiveVmm, limits: UserVmLimits): Plan {
  if (desired.goal === 'pause') return planPause(seen, vmm, limits);
  if (desired.goal !== 'standby') return planApi(seen, vmm, limits);
  const plan = planStandby(seen, vmm, limits);
  if (plan !== undefined) return plan;
  const running = planApi(seen, vmm, limits);
  const { lastFailure, retryInMs } = seen.memory;
  if (running.outcome.state !== 'running' || lastFailure === undefined || retryInMs === 0) return running;
  const { guest } = running.outcome;
  return { ...running, outcome: { ...lastFailure, state: 'unmet', guest }, requeueAfterMs: retryInMs };
}

/** A guest that boots is let finish; then it is frozen, and nobody asks it how it is. */
function planPause(seen: Observation, vmm: LiveVmm, limits: UserVmLimits): Plan {
  if (vmm.api === 'unreachable' && seen.wasPaused) {
    // An end would lose the memory for the sake of an answer that nobody needs now.
    return { steps: [], outcome: { state: 'silent' }, requeueAfterMs: limits.silentPeriodMs };
  }
  const outcome: Outcome = { state: 'paused' };
  if (vmm.api === 'paused') return { steps: [], outcome, requeueAfterMs: limits.healthPeriodMs };
  const isUp = vmm.api === 'running' && (seen.wasBooted || vmm.guest !== undefined);
  if (!isUp) return planApi(seen, vmm, limits);
  return { steps: [{ name: 'pauseVm' }], outcome, requeueAfterMs: limits.healthPeriodMs };
}

function planApi(seen: Observation, vmm: LiveVmm, limits: UserVmLimits): Plan {
  switch (vmm.api) {
    case 'unreachable': {
      const isYoung = !seen.wasBooted && ageMs(seen) < limits.apiStartMs;
      return isYoung
        ? keepBooting(seen, limits)
        : planSilent(seen, 'the VMM does not answer on its API', limits);
    }
    case 'empty':
    case 'created':
      return planUnbooted(seen, vmm.api, limits);
    case 'paused':
      return {
        steps: [...removeStandby(seen), { name: 'resumeVm' }],
        outcome: { state: 'resuming' },
        requeueAfterMs: limits.bootPollMs,
      };
    case 'running':
      return planGuest(seen, vmm, limits);
  }
}

/**
 * Interrupted between spawn and boot: an empty VMM is given its VM. One that has a VM which does not run is started
 * anew, because its boot may have failed: cloud-hypervisor then loses the device that failed, and would boot without
 * the disk at the next call (seen with v53: the second vm.boot answers 204).
 */
function planUnbooted(seen: Observation, api: 'empty' | 'created', limits: UserVmLimits): Plan {
  const { lastFailure } = seen.memory;
  const isRefused = lastFailure?.reason === USER_VM_REASONS.VmCreateFailed && ageMs(seen) > limits.apiStartMs;
  if (lastFailure !== undefined && (isRefused || isOfImage(lastFailure))) {
    return beginStop(seen, { ...lastFailure, graceMs: 0, failed: true }, limits);
  }
  if (api === 'empty' && seen.standby !== undefined) return planRestore(seen, seen.standby, limits);
  const booting = { outcome: { state: 'booting' }, requeueAfterMs: limits.bootPollMs } as const;
  if (api === 'created') {
    const message = 'its VM was made and does not run; both are made anew';
    const end = lastFailure ?? { reason: USER_VM_REASONS.Stopping, message };
    return beginStop(seen, { ...end, graceMs: 0, failed: lastFailure !== undefined }, limits);
  }
  const { imageDigest } = recordOf(seen);
  if (seen.image.state === 'verified') {
    const { image } = seen.image;
    if (image.digest !== imageDigest) {
      // The record tells everybody what runs: it never names another image than the one that is booted.
      const message = `GuestImage ${image.name} has another artifact since the VMM was started`;
      return beginStop(seen, { reason: USER_VM_REASONS.Stopping, message, graceMs: 0 }, limits);
    }
    return { steps: [{ name: 'createVm', image }, ...boot(image.digest)], ...booting };
  }
  if (seen.image.state === 'pending') return { steps: [], ...booting, requeueAfterMs: PENDING_IMAGE_MS };
  return beginStop(seen, { ...seen.image, graceMs: 0, failed: true }, limits);
}

/** The VMM of a wake has no VM: interrupted before it got it, or refused. */
function planRestore(seen: Observation, standby: StandbyRecord, limits: UserVmLimits): Plan {
  const { lastFailure } = seen.memory;
  if (lastFailure?.reason === USER_VM_REASONS.SnapshotUnusable) {
    return beginStop(seen, { ...lastFailure, graceMs: 0 }, limits);
  }
  return {
    steps: restore(standby),
    outcome: { state: 'resuming' },
    requeueAfterMs: limits.bootPollMs,
  };
}

/** The files were found wrong between the VMM's start and its boot: without them it has no use. */
function isOfImage({ reason }: { readonly reason: string }): boolean {
  return reason === USER_VM_REASONS.GuestImageCorrupt || reason === USER_VM_REASONS.GuestImageUnavailable;
}

function planGuest(seen: Observation, vmm: LiveVmm, limits: UserVmLimits): Plan {
  if (vmm.guest !== undefined && vmm.ingress) {
    const outcome: Outcome = { state: 'running', guest: vmm.guest };
    return { steps: [], outcome, requeueAfterMs: limits.healthPeriodMs };
  }
  const what = vmm.guest === undefined ? 'the guest' : "the guest's ingress";
  const didAnswer = vmm.guest === undefined ? seen.wasBooted : seen.wasReady;
  if (didAnswer) return planSilent(seen, `${what} does not answer`, limits);
  if (ageMs(seen) > limits.bootMs) {
    const message = `${what} did not answer within ${limits.bootMs / 1000} s of the VMM's start`;
    return beginStop(
      seen,
      { reason: USER_VM_REASONS.BootTimeout, message, graceMs: 0, failed: true },
      limits,
    );
  }
  if (vmm.guest === undefined || isResumed(seen)) return keepBooting(seen, limits);
  return { steps: [], outcome: { state: 'booted', guest: vmm.guest }, requeueAfterMs: limits.bootPollMs };
}

function isResumed({ record }: Observation): boolean {
  return record?.resumedAt !== undefined;
}

function keepBooting(seen: Observation, limits: UserVmLimits): Plan {
  const state = isResumed(seen) ? 'resuming' : 'booting';
  return { steps: [], outcome: { state }, requeueAfterMs: limits.bootPollMs };
}

function planSilent(seen: Observation, what: string, limits: UserVmLimits): Plan {
  const checkCount = seen.memory.silentCheckCount + 1;
  if (checkCount < limits.silentChecksMax) {
    return { steps: [], outcome: { state: 'silent' }, requeueAfterMs: limits.silentPeriodMs };
  }
  const message = `${what}, ${checkCount} checks in a row; restarting the VM`;
  return beginStop(
    seen,
    { reason: USER_VM_REASONS.GuestUnresponsive, message, graceMs: 0, failed: true },
    limits,
  );
}

function ageMs(seen: Observation): number {
  if (seen.record === undefined) return 0;
  return seen.nowMs - Date.parse(seen.record.resumedAt ?? seen.record.spawnedAt);
}
