import {
  SANDBOX_CONTAINER_CONDITIONS as CONDITIONS,
  SANDBOX_CONTAINER_REASONS as REASONS,
  type SandboxContainerReason,
} from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer, SandboxContainerStatus } from '../../crds/sandboxcontainer/definition.ts';
import { isJob } from '../../crds/sandboxcontainer/job.ts';
import type { Clock } from '../../lib/clock.ts';
import { formatTime, setCondition } from '../runtime/index.ts';
import type { OwnContainer } from './own-container.ts';
import type { PassFacts, Reason } from './pass-facts.ts';
import { wantsRestart } from './plan.ts';
import { transitionEvents } from './transition-events.ts';
import type { NewStatus } from './without-vm.ts';

interface Context {
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** The status that tells what a pass found, and the events that explain the change. Pure but for the clock. */
export function statusOf(object: SandboxContainer, facts: PassFacts, context: Context): NewStatus {
  const before = object.status ?? {};
  const started = startedReason(object, facts);
  const isStarted = facts.own?.state === 'running' && facts.failure === undefined;
  const generation = object.metadata.generation ?? 1;
  const conditionOf = (type: string, isTrue: boolean, why: Reason) =>
    ({ type, status: isTrue ? 'True' : 'False', observedGeneration: generation, ...why }) as const;
  let conditions = setCondition(
    before.conditions,
    conditionOf(CONDITIONS.Started, isStarted, started),
    context.clock,
  );
  conditions = setCondition(
    conditions,
    conditionOf(CONDITIONS.Ready, facts.isReady, facts.readyReason ?? started),
    context.clock,
  );
  const status: SandboxContainerStatus = {
    ...before,
    phase: phaseOf(object, facts),
    observedGeneration: generation,
    vmId: facts.vmId,
    containerId: facts.own?.id ?? (facts.isFinished ? before.containerId : undefined),
    address: facts.address,
    routePort: facts.routePort,
    ready: facts.isReady,
    restartCount: isJob(object) ? Math.max(0, (before.attempts ?? 0) - 1) : restartCountOf(before, facts),
    startedAt: startedAtOf(facts.own) ?? (facts.isFinished ? before.startedAt : undefined),
    lastExit: facts.exit ?? before.lastExit,
    conditions,
  };
  return { status, events: transitionEvents(before, status, facts, started) };
}

/** The status with `Started` unknown: the guest's podman does not answer. Readiness is the probe's to tell. */
export function statusUnreachable(object: SandboxContainer, message: string, context: Context): NewStatus {
  const before = object.status ?? {};
  const why = { reason: REASONS.RuntimeUnreachable, message };
  const known = before.conditions?.find((item) => item.type === CONDITIONS.Started);
  const conditions = setCondition(
    before.conditions,
    {
      type: CONDITIONS.Started,
      status: 'Unknown',
      observedGeneration: object.metadata.generation ?? 1,
      ...why,
    },
    context.clock,
  );
  const isNews = known?.reason !== REASONS.RuntimeUnreachable;
  return { status: { ...before, conditions }, events: isNews ? [{ type: 'Warning', ...why }] : [] };
}

/** A container's start as the status writes it. */
export function startedAtOf(own: OwnContainer | undefined): string | undefined {
  return own?.startedAtSeconds === undefined ? undefined : formatTime(own.startedAtSeconds * 1000);
}

function phaseOf(object: SandboxContainer, facts: PassFacts): SandboxContainerStatus['phase'] {
  if (facts.isFinished) return object.status?.phase;
  if (facts.failure !== undefined) return 'BackOff';
  const { own, exit } = facts;
  if (own === undefined && facts.hold !== undefined && facts.backoffMs === 0) return 'Pending';
  if (own === undefined) return facts.backoffMs > 0 ? 'BackOff' : 'Creating';
  if (own.state === 'running') return 'Running';
  if (own.state !== 'ended') return facts.backoffMs > 0 ? 'BackOff' : 'Creating';
  const exitCode = exit?.exitCode ?? own.exitCode;
  if (runsAgain(object, exitCode)) return 'BackOff';
  return exitCode === 0 ? 'Exited' : 'Failed';
}

/** Whether another run follows one that ended so; a job's last attempt is told elsewhere. */
export function runsAgain(object: SandboxContainer, exitCode: number): boolean {
  return isJob(object) ? exitCode !== 0 : wantsRestart(object.spec.restartPolicy, exitCode);
}

function startedReason(object: SandboxContainer, facts: PassFacts): Reason {
  const { own, exit, failure } = facts;
  if (failure !== undefined) return failure;
  if (own?.state === 'running')
    return { reason: REASONS.Started, message: `runs in ${facts.vmId} as ${own.id.slice(0, 12)}` };
  if (facts.isDisappeared)
    return {
      reason: REASONS.Disappeared,
      message: `the container is gone from ${facts.vmId}; it is made again`,
    };
  const isToBeMade = own === undefined && !facts.isFinished && facts.backoffMs === 0;
  if (facts.hold !== undefined && isToBeMade) return facts.hold;
  const last = exit ?? (own?.state === 'ended' ? object.status?.lastExit : undefined);
  if (last !== undefined)
    return {
      reason: toReason(last.reason),
      message: `ended with exit code ${last.exitCode}: ${last.reason}`,
    };
  const known = object.status?.conditions?.find((item) => item.type === CONDITIONS.Started);
  // Between two attempts, or for good: what was said last still holds.
  if ((facts.backoffMs > 0 || facts.isFinished) && known?.status === 'False')
    return { reason: toReason(known.reason), message: known.message };
  return { reason: REASONS.Created, message: `is being made in ${facts.vmId}` };
}

const reasons = new Set<string>(Object.values(REASONS));
const toReason = (text: string): SandboxContainerReason =>
  reasons.has(text) ? (text as SandboxContainerReason) : REASONS.Error;

/** Starts after an end or a disappearance; not those that a new spec or a boot of the VM asked for. */
function restartCountOf(before: SandboxContainerStatus, facts: PassFacts): number {
  const count = before.restartCount ?? 0;
  if (facts.isDisappeared) return count + 1;
  const startedAt = startedAtOf(facts.own);
  const isSame = facts.own !== undefined && facts.own.id === before.containerId;
  const isStartedAgain =
    startedAt !== undefined && before.startedAt !== undefined && startedAt !== before.startedAt;
  return isSame && isStartedAgain ? count + 1 : count;
}
