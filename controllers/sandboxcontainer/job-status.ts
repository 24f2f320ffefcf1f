import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import {
  SANDBOX_CONTAINER_CONDITIONS as CONDITIONS,
  SANDBOX_CONTAINER_REASONS as REASONS,
} from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer, SandboxContainerStatus } from '../../crds/sandboxcontainer/definition.ts';
import { jobOutcomeOf } from '../../crds/sandboxcontainer/job.ts';
import type { Clock } from '../../lib/clock.ts';
import { type ConditionUpdate, findCondition, formatTime, setCondition } from '../runtime/index.ts';
import type { JobProgress } from './job-progress.ts';
import type { NewStatus } from './without-vm.ts';

/** SIGKILL, as an exit code: what Kubernetes says of a container whose end nobody saw. */
const unknownExitCode = 137;

/** A container's status and events with what a job's have besides. Pure but for the clock. */
export function withJob(
  next: NewStatus,
  object: SandboxContainer,
  progress: JobProgress,
  clock: Pick<Clock, 'nowMs'>,
): NewStatus {
  const { outcome, interrupted, active, attempts, failedAttempts, startTime } = progress;
  const isOver = outcome !== undefined || jobOutcomeOf(object) !== undefined;
  const { containerId } = object.status ?? {};
  const status: SandboxContainerStatus = {
    ...next.status,
    phase: phaseOf(next.status, object, progress),
    active,
    attempts,
    failedAttempts,
    startTime,
    restartCount: Math.max(0, attempts - 1),
    conditions: conditionsOf(next.status, object, progress, clock),
  };
  if (outcome?.type === 'Complete') status.completionTime = formatTime(clock.nowMs());
  if (interrupted !== undefined) {
    const finishedAt = formatTime(clock.nowMs());
    status.lastExit = { exitCode: unknownExitCode, reason: interrupted.reason, finishedAt };
    if (containerId !== undefined) status.lastExit.containerId = containerId;
    delete status.startedAt;
  }
  // No attempt follows the last one.
  const events = next.events.filter(({ reason }) => !(isOver && reason === REASONS.BackOff));
  return { status, events: [...events, ...jobEvents(object, progress)] };
}

function phaseOf(
  status: SandboxContainerStatus,
  object: SandboxContainer,
  { outcome, isSuspended, active }: JobProgress,
): SandboxContainerStatus['phase'] {
  if (outcome !== undefined) return outcome.type === 'Complete' ? 'Exited' : 'Failed';
  if (jobOutcomeOf(object) !== undefined) return object.status?.phase;
  return isSuspended && active === 0 ? 'Pending' : status.phase;
}

function conditionsOf(
  { conditions }: SandboxContainerStatus,
  object: SandboxContainer,
  { outcome, isSuspended }: JobProgress,
  clock: Pick<Clock, 'nowMs'>,
): SandboxContainerStatus['conditions'] {
  const observedGeneration = object.metadata.generation ?? 1;
  let all = conditions;
  const set = (update: Omit<ConditionUpdate, 'observedGeneration'>) => {
    all = setCondition(all, { observedGeneration, ...update }, clock);
  };
  const known = findCondition(conditions, CONDITIONS.Suspended);
  if ((known?.status === 'True') !== isSuspended) {
    set({
      type: CONDITIONS.Suspended,
      status: isSuspended ? 'True' : 'False',
      ...(isSuspended ? suspended : resumed),
    });
  }
  if (outcome !== undefined) {
    const { type, reason, message } = outcome;
    set({ type, status: 'True', reason, message });
  }
  return all;
}

const suspended = { reason: REASONS.JobSuspended, message: 'Job suspended' };
const resumed = { reason: REASONS.JobResumed, message: 'Job resumed' };

function jobEvents(object: SandboxContainer, progress: JobProgress): LifecycleEvent[] {
  const { outcome, interrupted, isSuspended } = progress;
  const events: LifecycleEvent[] = [];
  if (interrupted !== undefined) events.push({ type: 'Warning', ...interrupted });
  const wasSuspended = findCondition(object.status?.conditions, CONDITIONS.Suspended)?.status === 'True';
  if (isSuspended !== wasSuspended) events.push({ type: 'Normal', ...(isSuspended ? suspended : resumed) });
  // Its success is told as the end of its last run.
  if (outcome?.type === 'Failed')
    events.push({ type: 'Warning', reason: outcome.reason, message: outcome.message });
  return events;
}
