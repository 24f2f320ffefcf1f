import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import { USER_VM_CONDITIONS, USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import type { UserVm, UserVmStatus } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { findCondition, setCondition } from '../runtime/index.ts';
import type { Placement } from './plan.ts';

export interface StatusAndEvents {
  readonly status: UserVmStatus;
  readonly events: readonly LifecycleEvent[];
}

/**
 * The status and events that tell a placement. An unchanged failure adds no event.
 * @param waitedMs how long the VM waited for its place, for the lifecycle step
 */
export function statusOfPlacement(
  vm: UserVm,
  placement: Placement,
  waitedMs: number,
  clock: Pick<Clock, 'nowMs'>,
): StatusAndEvents {
  const observedGeneration = vm.metadata.generation ?? 1;
  const known = findCondition(vm.status?.conditions, USER_VM_CONDITIONS.Scheduled);
  const verdict = placement.placed
    ? {
        status: 'True' as const,
        reason: USER_VM_REASONS.Scheduled,
        message: `placed on ${placement.nodeName}`,
      }
    : { status: 'False' as const, reason: placement.reason, message: placement.message };
  const isNews = known?.reason !== verdict.reason || known.message !== verdict.message;
  const type = placement.placed ? ('Normal' as const) : ('Warning' as const);
  const step = {
    name: 'scheduled',
    at: new Date(clock.nowMs()).toISOString(),
    durationMs: Math.round(waitedMs),
  };
  return {
    status: {
      ...vm.status,
      observedGeneration,
      phase: placement.placed ? 'Scheduled' : 'Pending',
      ...(placement.placed ? { nodeName: placement.nodeName, lifecycle: [step] } : {}),
      conditions: setCondition(
        vm.status?.conditions,
        { type: USER_VM_CONDITIONS.Scheduled, observedGeneration, ...verdict },
        clock,
      ),
    },
    events: isNews ? [{ type, reason: verdict.reason, message: verdict.message, action: 'Placement' }] : [],
  };
}
