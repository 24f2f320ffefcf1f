import { keyOf } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { SANDBOX_CONTAINER_REASONS as REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { isJob, jobDeadlineMs } from '../../crds/sandboxcontainer/job.ts';
import type { Clock } from '../../lib/clock.ts';
import { withSpan } from '../../lib/telemetry.ts';
import type { ContainerDependencies } from './dependencies.ts';
import { routePortOf } from './effective-spec.ts';
import { earlierFailures, exitOf, isExitRecorded, ranForMs } from './exit.ts';
import type { Observation } from './guest-observer.ts';
import { advanceJob } from './job-progress.ts';
import { withJob } from './job-status.ts';
import { findOwnContainer, instanceOf, type OwnContainer } from './own-container.ts';
import { isDisappeared, isSameRun, type ReadyVm, type Work } from './pass.ts';
import type { Exit, Reason } from './pass-facts.ts';
import { planRoute, type RemovalCause, type Step } from './plan.ts';
import { routeKeyOf } from './route.ts';
import { runsAgain, statusOf } from './status.ts';
import { isFinishedStatus, type NewStatus } from './without-vm.ts';

export interface ConcludeInput {
  readonly object: Stored<SandboxContainer>;
  readonly vm: ReadyVm;
  readonly work: Work;
  readonly steps: readonly Step[];
  readonly failure: Reason | undefined;
  /** Why it is not made yet. */
  readonly hold: Reason | undefined;
  /** The guest after the steps. */
  readonly after: Observation;
  readonly signal: AbortSignal;
}

/**
 * The rest of a pass: records an end, settles readiness and route, commits the status.
 * @returns whether the next pass has something to do at once
 */
export async function concludePass(
  dependencies: ContainerDependencies,
  input: ConcludeInput,
): Promise<boolean> {
  const { object, vm, work, steps, failure, hold, after, signal } = input;
  const { uid, name } = object.metadata;
  const { backoff, api, logger, onRestarts } = dependencies;
  const found = findOwnContainer(after.containers, { uid, name });
  const exit = await recordExit(dependencies, input, found.own);
  const { isReady, reason } = await settleReadiness(dependencies, input, found.own);
  const gone = steps.length === 0 && isDisappeared(object, found);
  const plain = statusOf(
    object,
    {
      vmId: vm.vmId,
      address: work.address,
      routePort: routePortOf(object.spec),
      own: found.own,
      exit,
      failure,
      hold,
      backoffMs: backoff.waitMs(uid),
      isReady,
      readyReason: reason,
      remadeBecause: remadeBecause(steps),
      isDisappeared: gone,
      isFinished: isFinishedStatus(object) && found.own?.state !== 'running',
    },
    dependencies,
  );
  const next = isJob(object) ? progressed(dependencies, input, { own: found.own, exit, plain }) : plain;
  signal.throwIfAborted();
  await api.commit(object, next);
  const restarts = (next.status.restartCount ?? 0) - (object.status?.restartCount ?? 0);
  if (restarts > 0) onRestarts(restarts);
  for (const event of next.events) {
    const fields = {
      vm_id: vm.vmId,
      container_name: name,
      container_id: found.own?.id,
      reason: event.reason,
    };
    if (event.type === 'Warning') logger.warn(fields, event.message);
    else logger.info(fields, event.message);
  }
  // A job's attempt is told by one pass and started by the next.
  if (isJob(object)) return next.status.active === 1 && object.status?.active !== 1;
  return gone || (found.own?.state === 'starting' && failure === undefined && backoff.waitMs(uid) === 0);
}

function progressed(
  { backoff, clock }: ContainerDependencies,
  { object, work, failure, after }: ConcludeInput,
  { own, exit, plain }: { own: OwnContainer | undefined; exit: Exit | undefined; plain: NewStatus },
): NewStatus {
  const progress = advanceJob(object, {
    own,
    bootId: after.bootId,
    specHash: work.specHash,
    exit,
    failure,
    mayTry: backoff.waitMs(object.metadata.uid) === 0,
    nowMs: clock.nowMs(),
  });
  return withJob(plain, object, progress, clock);
}

/** The end of a run that the status does not tell yet; starts the back-off for what is to run again. */
async function recordExit(
  { backoff, killedFor, pidsWatch, clock }: ContainerDependencies,
  { object, work, after, signal }: ConcludeInput,
  own: OwnContainer | undefined,
): Promise<Exit | undefined> {
  if (own?.state !== 'ended' || isExitRecorded(object.status, own)) return undefined;
  // The VM ended while it ran: what podman says of its end is not to be relied on.
  if (isJob(object) && own.bootId !== after.bootId) return undefined;
  const inspect = await work.guest.inspectContainer(own.id, signal);
  const instance = instanceOf(own);
  const oomKilled = await work.guest.readInfo(signal).then(
    (info) => info.oomKilled,
    () => undefined,
  );
  const exit = exitOf(inspect, {
    killedFor: killedFor.get(instance) ?? deadlineKill(object, inspect.exitCode, clock),
    oomKilled,
  });
  if (runsAgain(object, exit.exitCode)) {
    const earlier = earlierFailures(object.status, clock.nowMs());
    backoff.recordFailure(object.metadata.uid, instance, ranForMs(inspect), earlier);
  }
  killedFor.delete(instance);
  pidsWatch.forget(instance);
  return exit;
}

/** A signal ended a job after its deadline: ours, where the process that sent it did not live to tell. */
function deadlineKill(
  object: Stored<SandboxContainer>,
  exitCode: number,
  clock: Pick<Clock, 'nowMs'>,
): 'DeadlineExceeded' | undefined {
  const isOver = isJob(object) && clock.nowMs() >= (jobDeadlineMs(object) ?? Number.POSITIVE_INFINITY);
  return isOver && exitCode > 128 ? 'DeadlineExceeded' : undefined;
}

interface Settled {
  readonly isReady: boolean;
  /** Undefined: as the container itself stands. */
  readonly reason: Reason | undefined;
}

/** Readiness by the probe, and the route that goes with it: ready only once the ingress leads here. */
async function settleReadiness(
  dependencies: ContainerDependencies,
  input: ConcludeInput,
  own: OwnContainer | undefined,
): Promise<Settled> {
  const { object, work, after, vm, signal } = input;
  const port = routePortOf(object.spec);
  const key = routeKeyOf(object.spec.role, port);
  const probed = probe(dependencies, input, own);
  const target = probed.isReady ? `${work.address}:${port}` : undefined;
  const step = planRoute({ key, target, routes: after.routes });
  const wasReady = isSameRun(object, own) && object.status?.ready === true;
  if (step !== undefined) {
    try {
      const attributes = { vm_id: vm.vmId, container_name: object.metadata.name, route: step.key };
      await withSpan(`container ${step.kind}`, { attributes }, () =>
        step.kind === 'set-route'
          ? work.guest.setRoute(step.key, step.target, signal)
          : work.guest.deleteRoute(step.key, signal),
      );
    } catch (error) {
      if (signal.aborted) throw error;
      return probed.isReady ? { isReady: false, reason: ingressSilent(vm, error) } : probed;
    } finally {
      dependencies.observer.invalidate(vm.uid);
    }
  }
  // An ingress that does not answer its control socket may serve all the same: nothing new is claimed.
  if (key !== undefined && after.routes === undefined && probed.isReady && !wasReady)
    return { isReady: false, reason: ingressSilent(vm, undefined) };
  return probed;
}

function probe(
  dependencies: ContainerDependencies,
  { object, work, vm }: ConcludeInput,
  own: OwnContainer | undefined,
): Settled {
  const { uid } = object.metadata;
  if (own?.state !== 'running') {
    dependencies.prober.forget(uid);
    return { isReady: false, reason: undefined };
  }
  const settings = object.spec.readinessProbe;
  if (settings === undefined) {
    dependencies.prober.forget(uid);
    return {
      isReady: true,
      reason: { reason: REASONS.Ready, message: 'runs (no readiness probe declared)' },
    };
  }
  const readiness = dependencies.prober.watch(uid, {
    key: keyOf(object),
    instance: instanceOf(own),
    socketPath: dependencies.vmSocketPath(vm.uid),
    address: work.address,
    probe: settings,
    wasReady: isSameRun(object, own) && object.status?.ready === true,
  });
  if (readiness.isReady)
    return {
      isReady: true,
      reason: { reason: REASONS.Ready, message: `answers at ${work.address}:${settings.httpGet.port}` },
    };
  if (!readiness.isFailing)
    return {
      isReady: false,
      reason: { reason: REASONS.ProbePending, message: 'waits for the readiness probe' },
    };
  const message = `readiness probe fails: ${readiness.lastFailure ?? 'no answer'}`;
  return { isReady: false, reason: { reason: REASONS.ProbeFailing, message } };
}

function ingressSilent(vm: ReadyVm, error: unknown): Reason {
  const detail = error instanceof Error ? `: ${error.message}` : '';
  return {
    reason: REASONS.RuntimeUnreachable,
    message: `the ingress of ${vm.vmId} does not answer${detail}`,
  };
}

const causes = {
  'spec-changed': 'the spec changed',
  rebooted: 'its VM booted again',
  broken: 'it could not be started any more',
  'name-taken': 'another container had its name',
  'attempt-over': 'the attempt before it failed',
  suspended: 'the job is suspended',
} as const satisfies Record<RemovalCause, string>;

function remadeBecause(steps: readonly Step[]): string | undefined {
  for (const step of steps) if (step.kind === 'remove') return causes[step.why];
  return undefined;
}
