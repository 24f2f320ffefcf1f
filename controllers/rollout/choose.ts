import type { Underway } from '../../crds/guestimage/rollout.ts';
import type { UserVmStatus } from '../../crds/uservm/definition.ts';
import { formatTime } from '../runtime/index.ts';
import { isForward } from './pointers.ts';
import type { RolloutSight } from './sight.ts';
import type { VmView } from './vm-view.ts';

/** An artifact that a VM is given. */
export interface Give {
  readonly vm: VmView['vm'];
  readonly desiredImage: NonNullable<UserVmStatus['desiredImage']>;
}

export interface Choice {
  readonly gives: readonly Give[];
  /** Of those the ones that count as unavailable from now on. */
  readonly taken: readonly Underway[];
  /** Would be given the artifact if their node had it. */
  readonly missing: readonly VmView[];
  /** It is some VM's turn, though it may have to wait for others, or for its node to look for the artifact. */
  readonly hasTurns: boolean;
}

/** Which VMs are given the desired artifact now. */
export function chooseVms(sight: RolloutSight, isHalted: boolean): Choice {
  const owed = owedOf(sight);
  const candidates = isHalted ? [] : candidatesOf(sight);
  const able = candidates.filter((vm) => sight.hasArtifact(vm));
  const missing = candidates.filter((vm) => sight.hasArtifact(vm) === false);
  if (!isRolling(sight)) {
    return {
      gives: [...owed, ...able.map(giveNextStart(sight))],
      taken: [],
      missing,
      hasTurns: candidates.length > 0,
    };
  }
  const serving = able.filter(isServing);
  const room = Math.max(0, sight.policy.maxUnavailable - sight.underway.length);
  const next = serving.slice(0, room);
  // Those that are stopped or down anyway cost nothing. They wait until one that served proves the artifact.
  const isProven = sight.vms.some((vm) => sight.isWritten(vm) && sight.isHealthy(vm));
  const nobodyProves = serving.length === 0 && sight.underway.length === 0;
  const followers =
    !isForward(sight.rollout) || isProven || nobodyProves ? able.filter((vm) => !isServing(vm)) : [];
  const since = formatTime(sight.nowMs);
  return {
    gives: [...owed, ...[...next, ...followers].map((vm) => give(sight, vm))],
    taken: next.map(({ uid, vm: { metadata } }) => ({
      uid,
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      since,
    })),
    missing,
    hasTurns: candidates.length > 0,
  };
}

/**
 * What VMs on the way are owed: decided before and not written yet, also where the rollout stands still. Where the
 * artifact changed meanwhile, one that serves is recycled again only as far as maxUnavailable allows.
 */
function owedOf(sight: RolloutSight): Give[] {
  const owed = sight.vms.filter((vm) => sight.isUnderway(vm) && !isDone(sight, vm));
  const mustWait = (vm: VmView) => isServing(vm) && vm.booted !== sight.rollout.desired;
  const waiting = owed.filter(mustWait);
  const room = Math.max(0, sight.policy.maxUnavailable - (sight.underway.length - waiting.length));
  const later = new Set(waiting.slice(room));
  return owed.flatMap((vm) => {
    if (!later.has(vm)) return [give(sight, vm)];
    const { desiredImage } = give(sight, vm);
    return sight.isWritten(vm) ? [] : [{ vm: vm.vm, desiredImage: { ...desiredImage, apply: 'NextStart' } }];
  });
}

function isServing({ isServing, readySinceMs }: VmView): boolean {
  return isServing && readySinceMs !== undefined;
}

/** Running VMs are recycled: the way back from an artifact that failed is always so. */
function isRolling({ policy, rollout }: RolloutSight): boolean {
  return policy.strategy === 'Rolling' || rollout.failed !== undefined;
}

function isDone(sight: RolloutSight, vm: VmView): boolean {
  return sight.isWritten(vm) && (vm.isServing ? vm.assigned?.apply === 'Now' : sight.isAtRest(vm));
}

/** Those that have another artifact and whose turn it is. */
function candidatesOf(sight: RolloutSight): VmView[] {
  const hasIt = (vm: VmView) => (isRolling(sight) ? sight.isMoved(vm) : sight.isGiven(vm));
  const waiting = sight.vms.filter((vm) => !hasIt(vm) && !sight.isUnderway(vm));
  if (!isForward(sight.rollout)) return waiting;
  if (sight.policy.paused) return [];
  const isCanary = (vm: VmView) => sight.isCanary(vm);
  const room = Math.max(0, sight.policy.count - (sight.vms.length - waiting.length));
  const turns = waiting.filter((vm, index) => isCanary(vm) || index < room);
  const canaries = turns.filter(isCanary);
  const isTrying = canaries.length > 0 || sight.vms.some((vm) => isCanary(vm) && sight.isUnderway(vm));
  return isTrying && isRolling(sight) ? canaries : turns;
}

function give(sight: RolloutSight, view: VmView): Give {
  const { revision, desired } = sight.rollout;
  const wasDown = view.isServing && view.liveSinceMs === undefined && !sight.isUnderway(view);
  return {
    vm: view.vm,
    desiredImage: {
      name: view.vm.spec.guestImage,
      digest: desired,
      apply: view.isServing ? 'Now' : 'NextStart',
      revision,
      ...(wasDown ? { wasDown } : {}),
    },
  };
}

/** Where VMs take artifacts with their own starts, only one that went down with what a rollout gave it is made anew. */
function giveNextStart(sight: RolloutSight) {
  return (view: VmView): Give => {
    const { desiredImage, vm } = give(sight, view);
    const { wasDown: _, ...image } = desiredImage;
    const wentDown =
      view.readySinceMs === undefined && view.assigned !== undefined && view.assigned.digest === view.booted;
    return { vm, desiredImage: { ...image, apply: wentDown ? image.apply : 'NextStart' } };
  };
}
