import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import {
  SANDBOX_CONTAINER_CONDITIONS as CONDITIONS,
  SANDBOX_CONTAINER_REASONS as REASONS,
} from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer, SandboxContainerStatus } from '../../crds/sandboxcontainer/definition.ts';
import { isJob, jobOutcomeOf } from '../../crds/sandboxcontainer/job.ts';
import type { Clock } from '../../lib/clock.ts';
import { setCondition } from '../runtime/index.ts';
import type { Reason } from './pass-facts.ts';

/** A status and the events that explain it. */
export interface NewStatus {
  readonly status: SandboxContainerStatus;
  readonly events: LifecycleEvent[];
}

/** Whether the status says that a job, or what else ran in the present generation, ended for good. */
export function isFinishedStatus(object: SandboxContainer): boolean {
  if (isJob(object)) return jobOutcomeOf(object) !== undefined;
  const { phase, observedGeneration } = object.status ?? {};
  return (phase === 'Exited' || phase === 'Failed') && observedGeneration === object.metadata.generation;
}

/** The status of a container whose VM cannot run it now. Its node, history and address stay. */
export function statusWithoutVm(
  object: SandboxContainer,
  why: Reason,
  vmId: string | undefined,
  clock: Pick<Clock, 'nowMs'>,
): NewStatus {
  const before = object.status ?? {};
  const generation = object.metadata.generation ?? 1;
  const condition = (type: string) =>
    ({ type, status: 'False', observedGeneration: generation, ...why }) as const;
  let conditions = setCondition(before.conditions, condition(CONDITIONS.Started), clock);
  conditions = setCondition(conditions, condition(CONDITIONS.Ready), clock);
  const isFinished = isFinishedStatus(object);
  // A job's attempt is known by its container for as long as it is under way.
  const isKept = isFinished || isJob(object);
  const status: SandboxContainerStatus = {
    ...before,
    phase: isFinished ? before.phase : 'Pending',
    observedGeneration: generation,
    vmId,
    containerId: isKept ? before.containerId : undefined,
    startedAt: isKept ? before.startedAt : undefined,
    ready: false,
    conditions,
  };
  const known = before.conditions?.find((item) => item.type === CONDITIONS.Ready);
  const isNews = known === undefined || known.status === 'True' || known.reason !== why.reason;
  const type = why.reason === REASONS.UserVmNotFound ? 'Warning' : 'Normal';
  return { status, events: isNews ? [{ type, ...why }] : [] };
}
