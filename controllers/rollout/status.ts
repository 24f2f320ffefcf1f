import {
  ROLLOUT_CONDITIONS as CONDITIONS,
  ROLLOUT_REASONS as REASONS,
} from '../../crds/guestimage/conditions.ts';
import type { GuestImage, GuestImageStatus } from '../../crds/guestimage/definition.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import type { Clock } from '../../lib/clock.ts';
import { findCondition, setCondition } from '../runtime/index.ts';
import type { RolloutPlan } from './plan.ts';
import { isForward } from './pointers.ts';

interface Word {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

const WARNINGS: ReadonlySet<string> = new Set([
  REASONS.ArtifactMissing,
  REASONS.ProgressDeadlineExceeded,
  REASONS.RollingBack,
  REASONS.RolledBack,
]);

/** The status of a GuestImage after a plan; what the nodes wrote stays. */
export function statusOf(
  { metadata, status }: Pick<GuestImage, 'metadata' | 'status'>,
  plan: RolloutPlan,
  clock: Pick<Clock, 'nowMs'>,
): GuestImageStatus {
  const observed = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
  const rolledOut = { type: CONDITIONS.RolledOut, ...rolledOutWord(plan), ...observed };
  const degraded = { type: CONDITIONS.Degraded, ...degradedWord(plan), ...observed };
  const conditions = setCondition(setCondition(status?.conditions, rolledOut, clock), degraded, clock);
  return { ...status, rollout: plan.rollout, conditions };
}

/** One event for each turn that a rollout takes; none for the first look at an image. */
export function eventsOf(before: GuestImageStatus | undefined, after: GuestImageStatus): LifecycleEvent[] {
  if (before?.rollout === undefined) return [];
  const was = findCondition(before.conditions, CONDITIONS.RolledOut);
  const is = findCondition(after.conditions, CONDITIONS.RolledOut);
  const isSame = was?.reason === is?.reason && before.rollout.revision === after.rollout?.revision;
  if (is === undefined || isSame) return [];
  const type = WARNINGS.has(is.reason) ? 'Warning' : 'Normal';
  return [{ type, reason: is.reason, message: is.message }];
}

function rolledOutWord(plan: RolloutPlan): Word {
  const { rollout, policy, isSettled, isHalted, missing } = plan;
  const { desired, failed, updated, total } = rollout;
  const no = (reason: string, message: string): Word => ({ status: 'False', reason, message });
  const share = `${updated} of ${total} VMs have ${desired}`;
  if (failed !== undefined) {
    return isSettled
      ? no(REASONS.RolledBack, `${failed.digest} failed (${failed.message}); all VMs have ${desired} again`)
      : no(REASONS.RollingBack, `${failed.digest} failed (${failed.message}); ${share}`);
  }
  if (isSettled && !isForward(rollout) && !policy.paused) {
    return { status: 'True', reason: REASONS.RolloutComplete, message: `all ${total} VMs have ${desired}` };
  }
  if (isHalted) return no(REASONS.ProgressDeadlineExceeded, `${lateWords(plan)}; ${share}`);
  if (policy.paused) return no(REASONS.RolloutPaused, `spec.rollout.paused is true; ${share}`);
  const isMoving = plan.gives.length > 0 || rollout.unavailable > 0;
  if (missing.length > 0 && !isMoving) {
    return no(REASONS.ArtifactMissing, `the nodes of ${wordsOf(missing)} do not have ${desired}; ${share}`);
  }
  if (isMoving || plan.hasTurns) return no(REASONS.RollingOut, share);
  if (policy.percentage < 100) {
    return no(REASONS.PartitionReached, `spec.rollout.percentage is ${policy.percentage}; ${share}`);
  }
  return policy.strategy === 'OnRecycle'
    ? no(REASONS.WaitingForStarts, `VMs take it with their own next start; ${share}`)
    : no(REASONS.RollingOut, share);
}

function degradedWord(plan: RolloutPlan): Word {
  const { failed } = plan.rollout;
  if (failed !== undefined) {
    const message = `${failed.digest} was rolled back: ${failed.message}; it is not tried again until spec changes`;
    return { status: 'True', reason: REASONS.RolledBack, message };
  }
  if (plan.overdue.length > 0 && isForward(plan.rollout)) {
    return { status: 'True', reason: REASONS.ProgressDeadlineExceeded, message: lateWords(plan) };
  }
  return { status: 'False', reason: REASONS.AsExpected, message: 'no VM failed with the artifact' };
}

function lateWords({ overdue, policy }: RolloutPlan): string {
  return `${wordsOf(overdue)} did not serve within ${policy.progressDeadlineSeconds} s`;
}

const NAMES_MAX = 8;

/** A few names, and how many more there are. */
export function wordsOf(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return names.slice(0, NAMES_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
