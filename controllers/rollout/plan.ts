import { ROLLOUT_REASONS } from '../../crds/guestimage/conditions.ts';
import type { GuestImage } from '../../crds/guestimage/definition.ts';
import type { RolloutStatus, Underway } from '../../crds/guestimage/rollout.ts';
import { formatTime } from '../runtime/index.ts';
import { chooseVms, type Give } from './choose.ts';
import { adoptSpec, complete, isForward, isUndecided, rollBack } from './pointers.ts';
import { policyOf, type RolloutPolicy } from './policy.ts';

import { keyOfView, RolloutSight } from './sight.ts';
import type { VmView } from './vm-view.ts';

/** What is to be written: first the status of the image, then what the VMs are given, then nothing until `requeue`. */
export interface RolloutPlan {
  readonly rollout: RolloutStatus;
  readonly gives: readonly Give[];
  /** VMs that cannot be given the artifact because their node does not have it, as NAMESPACE/NAME. */
  readonly missing: readonly string[];
  /** It is the turn of more VMs than were given the artifact. */
  readonly hasTurns: boolean;
  /** VMs whose time is up, as NAMESPACE/NAME. */
  readonly overdue: readonly string[];
  readonly policy: RolloutPolicy;
  /** Too many failed, and nobody said that they should go back. */
  readonly isHalted: boolean;
  /** Every VM has the desired artifact, or gets it at its start. */
  readonly isSettled: boolean;
  readonly requeueAfterMs: number | undefined;
}

export interface RolloutInput {
  readonly image: Pick<GuestImage, 'metadata' | 'spec' | 'status'>;
  /** All VMs that name the image and are not being deleted. */
  readonly vms: readonly VmView[];
  readonly nowMs: number;
}

/**
 * Decides how a rollout goes on. Pure. A running VM is given another artifact only after the image's status was
 * written with the VM in `underway`: whoever decides next, in this process or another, counts it as unavailable until
 * it was seen to serve, or to be gone.
 */
export function planRollout({ image, vms, nowMs }: RolloutInput): RolloutPlan {
  const policy = policyOf(image.spec, vms.length);
  const before = image.status?.rollout;
  let rollout = adoptSpec(image, policy, nowMs);
  if (before !== undefined && before.revision !== rollout.revision) {
    // Whoever was on the way to the last artifact has all its time for this one.
    const since = formatTime(nowMs);
    rollout = { ...rollout, underway: rollout.underway?.map((each) => ({ ...each, since })) ?? [] };
  }
  let sight = new RolloutSight({ image, rollout, policy, vms, nowMs });
  rollout = { ...rollout, underway: underwayOf(sight) };
  sight = new RolloutSight({ image, rollout, policy, vms, nowMs });
  const tooMany = tooManyFailed(sight);
  if (tooMany && policy.autoRollback) {
    const message = `${sight.overdue.map(keyOfView).join(', ')} did not serve within ${policy.progressDeadlineSeconds} s`;
    const why = { spec: image.spec, reason: ROLLOUT_REASONS.ProgressDeadlineExceeded, message };
    rollout = rollBack(rollout, why, nowMs);
    sight = new RolloutSight({ image, rollout, policy, vms, nowMs });
  }
  const isHalted = tooMany && !policy.autoRollback;
  const choice = chooseVms(sight, isHalted);
  rollout = { ...rollout, underway: [...restarted(sight, choice.gives), ...choice.taken] };
  const isSettled =
    choice.gives.length === 0 &&
    vms.every((vm) => sight.isMoved(vm)) &&
    rollout.underway?.length === sight.overdue.length;
  if (isSettled && (isForward(rollout) || isUndecided(rollout))) rollout = complete(rollout, nowMs);
  return {
    rollout: { ...rollout, ...countsOf(rollout, sight) },
    gives: choice.gives,
    missing: choice.missing.map(keyOfView),
    hasTurns: choice.hasTurns,
    overdue: sight.overdue.map(keyOfView),
    policy,
    isHalted,
    isSettled,
    requeueAfterMs: requeueOf(rollout, sight),
  };
}

/** Who still is on the way: those that were and do not serve yet, and those that stopped serving with the artifact. */
function underwayOf(sight: RolloutSight): Underway[] {
  const kept = sight.underway.filter((each) => sight.isStillUnderway(each));
  const known = new Set(kept.map(({ uid }) => uid));
  const since = formatTime(sight.nowMs);
  const relapsed = isForward(sight.rollout)
    ? sight.vms.filter((vm) => !known.has(vm.uid) && sight.isDownWithArtifact(vm))
    : [];
  return [...kept, ...relapsed.map((vm) => underwayEntry(vm, since))];
}

export function underwayEntry({ vm, uid }: VmView, since: string): Underway {
  return { uid, namespace: vm.metadata.namespace ?? '', name: vm.metadata.name, since };
}

/** The time of one that had to wait for its turn begins with its turn. */
function restarted({ underway, nowMs }: RolloutSight, gives: readonly Give[]): Underway[] {
  const late = new Set(
    gives.flatMap(({ vm, desiredImage }) =>
      desiredImage.apply === 'Now' && vm.status?.desiredImage?.apply === 'NextStart' ? [vm.metadata.uid] : [],
    ),
  );
  const since = formatTime(nowMs);
  return underway.map((each) => (late.has(each.uid) ? { ...each, since } : each));
}

function tooManyFailed(sight: RolloutSight): boolean {
  if (!isForward(sight.rollout)) return false;
  const failed = sight.overdue.length;
  const { maxFailed, maxUnavailable } = sight.policy;
  // Those that failed leave nothing of maxUnavailable to the others: it would stand still for ever.
  return failed > maxFailed || (failed >= maxUnavailable && sight.vms.some((vm) => !sight.isMoved(vm)));
}

function countsOf(rollout: RolloutStatus, sight: RolloutSight) {
  return {
    total: sight.vms.length,
    updated: sight.vms.filter((vm) => sight.isMoved(vm)).length,
    ready: sight.vms.filter(({ isServing, readySinceMs }) => isServing && readySinceMs !== undefined).length,
    unavailable: rollout.underway?.length ?? 0,
    failedVms: isForward(rollout) ? sight.overdue.length : 0,
  };
}

const REQUEUE_LEAST_MS = 250;

/** When the next VM of those on the way has served for long enough, or its time is up. */
function requeueOf(rollout: RolloutStatus, sight: RolloutSight): number | undefined {
  const due = (rollout.underway ?? []).flatMap((each) => {
    const healthyAtMs = sight.healthyAtMs(each.uid);
    return healthyAtMs === undefined ? [sight.deadlineMs(each)] : [healthyAtMs, sight.deadlineMs(each)];
  });
  const future = due.map((atMs) => atMs - sight.nowMs).filter((inMs) => inMs >= 0);
  return future.length === 0 ? undefined : Math.max(REQUEUE_LEAST_MS, Math.min(...future) + 1);
}
