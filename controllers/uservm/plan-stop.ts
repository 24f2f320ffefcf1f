import type { UserVmLimits } from './limits.ts';
import type { Observation } from './observation.ts';
import type { Plan } from './plan.ts';
import type { Step } from './step.ts';
import type { VmmRecord } from './vmm-record.ts';

/** The next step of a stop that was begun: power button, then `vmm.shutdown`, then SIGKILL. */
export function planStop(
  seen: Observation,
  stop: NonNullable<VmmRecord['stop']>,
  limits: UserVmLimits,
): Plan {
  const elapsedMs = seen.nowMs - Date.parse(stop.startedAt);
  const outcome = { state: 'stopping', reason: stop.reason, message: stop.message, failed: false } as const;
  return { steps: stepsAt(seen, stop, elapsedMs, limits), outcome, requeueAfterMs: limits.stopPollMs };
}

function stepsAt(
  seen: Observation,
  stop: NonNullable<VmmRecord['stop']>,
  elapsedMs: number,
  limits: UserVmLimits,
): Step[] {
  if (elapsedMs < stop.graceMs) return stop.pressed ? [] : [{ name: 'pressPowerButton' }];
  if (elapsedMs < stop.graceMs + limits.killAfterMs) return [{ name: 'shutdownVmm' }];
  return seen.vmm === undefined ? [] : [{ name: 'killProcesses', processes: [seen.vmm.process] }];
}
