import type { Stored } from '../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { isJob, jobDeadlineMs, jobPolicyOf } from '../../crds/sandboxcontainer/job.ts';
import { causeChain, type ReconcileResult } from '../runtime/index.ts';
import { concludePass } from './conclude.ts';
import type { ContainerDependencies } from './dependencies.ts';
import { holdOf } from './dependencies-of.ts';
import { effectiveSpec, labelsOf, routePortOf, specHashOf } from './effective-spec.ts';
import { executeSteps } from './execute.ts';
import { earlierFailures, isExitRecorded } from './exit.ts';
import type { Observation } from './guest-observer.ts';
import { planJob } from './job-plan.ts';
import { CONTAINER_LABELS } from './labels.ts';
import { containersOf } from './of-vm.ts';
import { type FoundContainers, findOwnContainer, instanceOf } from './own-container.ts';
import { isDisappeared, type ReadyVm, type Work } from './pass.ts';
import type { Reason } from './pass-facts.ts';
import { planLifecycle, planRoute, type Step } from './plan.ts';
import { routeKeyOf } from './route.ts';
import { statusUnreachable } from './status.ts';
import { nextTickMs } from './tick.ts';
import { isFinishedStatus } from './without-vm.ts';

/** How long podman may be silent before the status says so. */
const unreachableAfterMs = 15_000;

/** One pass over a container in a ready VM: observe, plan, execute, observe again, route, commit. */
export async function driveContainer(
  dependencies: ContainerDependencies,
  stored: Stored<SandboxContainer>,
  vm: ReadyVm,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { observer, backoff, api, clock, tickMs } = dependencies;
  const object = await api.addFinalizer(stored);
  const { uid, generation } = object.metadata;
  if (object.status?.observedGeneration !== generation) backoff.reset(uid);
  let observation: Observation;
  try {
    observation = await observer.observe(vm.uid, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return tellUnreachable(dependencies, object, vm, error);
  }
  const work = prepare(dependencies, object, vm, observation);
  const hold = holdFor(dependencies, object, observation);
  const steps = plan(dependencies, object, work, { observation, isHeld: hold !== undefined });
  const failure = await execute(dependencies, { object, vm, work, steps, observation, signal });
  if (failure !== undefined)
    backoff.recordFailure(
      uid,
      `attempt ${clock.monotonicMs()}`,
      0,
      earlierFailures(object.status, clock.nowMs()),
    );
  const after = steps.length === 0 ? observation : await observer.observe(vm.uid, signal);
  const isUnfinished = await concludePass(dependencies, {
    object,
    vm,
    work,
    steps,
    failure,
    hold: steps.length === 0 ? hold : undefined,
    after,
    signal,
  });
  if (isUnfinished) return { requeueAfterMs: 0 };
  const waitMs = backoff.waitMs(uid);
  const tickInMs = nextTickMs(vm.uid, tickMs, clock);
  return { requeueAfterMs: waitMs > 0 ? Math.min(waitMs, tickInMs) : tickInMs };
}

function holdFor(
  { containers }: ContainerDependencies,
  object: Stored<SandboxContainer>,
  observation: Observation,
): Reason | undefined {
  const siblings = containers
    .list(object.metadata.namespace)
    .filter((other) => other.spec.vmRef.name === object.spec.vmRef.name);
  return holdOf({ object, siblings, observation });
}

function plan(
  dependencies: ContainerDependencies,
  object: Stored<SandboxContainer>,
  { found, specHash }: Work,
  { observation, isHeld }: { readonly observation: Observation; readonly isHeld: boolean },
): Step[] {
  const { backoff, clock } = dependencies;
  const { restartPolicy } = object.spec;
  const shared = {
    found,
    specHash,
    bootId: observation.bootId,
    restartPolicy,
    isExitRecorded: found.own !== undefined && isExitRecorded(object.status, found.own),
    isFinished: isFinishedStatus(object),
    mayTry: backoff.waitMs(object.metadata.uid) === 0,
    isHeld,
    isStuckAtPidsLimit: isStuck(dependencies, object, found, observation),
  };
  if (!isJob(object)) return planLifecycle({ ...shared, isDisappeared: isDisappeared(object, found) });
  return planJob({
    ...shared,
    isActive: object.status?.active === 1,
    recordedId: object.status?.containerId,
    isSuspended: jobPolicyOf(object).suspend ?? false,
    isPastDeadline: clock.nowMs() >= (jobDeadlineMs(object) ?? Number.POSITIVE_INFINITY),
  });
}

function prepare(
  { containers, addresses, guestOf }: ContainerDependencies,
  object: Stored<SandboxContainer>,
  vm: ReadyVm,
  observation: Observation,
): Work {
  const { uid, name, namespace } = object.metadata;
  const labelled = observation.containers.flatMap(({ labels }) => {
    const [owner, address] = [labels[CONTAINER_LABELS.uid], labels[CONTAINER_LABELS.address]];
    return owner === undefined || address === undefined ? [] : [{ uid: owner, address }];
  });
  const declared = containersOf(containers, { namespace, name: object.spec.vmRef.name }).flatMap((other) =>
    other.status?.address === undefined ? [] : [{ uid: other.metadata.uid, address: other.status.address }],
  );
  const address = addresses.allocate(vm.key, uid, [...declared, ...labelled]);
  const effective = effectiveSpec(name, object.spec, { vmId: vm.vmId, user: vm.user, address });
  const specHash = specHashOf(effective);
  return {
    guest: guestOf(vm.uid),
    address,
    specHash,
    create: { ...effective, labels: labelsOf(object, { specHash, address, bootId: observation.bootId }) },
    found: findOwnContainer(observation.containers, { uid, name }),
  };
}

interface ExecuteInput {
  readonly object: Stored<SandboxContainer>;
  readonly vm: ReadyVm;
  readonly work: Work;
  readonly steps: readonly Step[];
  readonly observation: Observation;
  readonly signal: AbortSignal;
}

/** The route goes before the container that it leads to, so that requests get the ingress's clear answer. */
async function execute(
  dependencies: ContainerDependencies,
  input: ExecuteInput,
): Promise<Reason | undefined> {
  const { object, vm, work, steps, observation, signal } = input;
  const { own } = work.found;
  const onEffect = () => dependencies.observer.invalidate(vm.uid);
  for (const step of steps) {
    if ((step.kind === 'kill' || step.kind === 'stop') && own !== undefined)
      dependencies.killedFor.set(instanceOf(own), step.why);
  }
  if (own?.state === 'running' && steps.length > 0) {
    const key = routeKeyOf(object.spec.role, routePortOf(object.spec));
    const step = planRoute({ key, target: undefined, routes: observation.routes });
    if (step !== undefined) await work.guest.deleteRoute(step.key, signal).finally(onEffect);
  }
  const { guest, create } = work;
  return executeSteps(steps, { guest, vmId: vm.vmId, object, create, onEffect, signal });
}

function isStuck(
  { pidsWatch }: ContainerDependencies,
  object: Stored<SandboxContainer>,
  { own }: FoundContainers,
  observation: Observation,
): boolean {
  if (own?.state !== 'running') return false;
  const pids = observation.pids.get(own.id);
  const limit = object.spec.resources.pids;
  return pidsWatch.isStuckAtLimit(instanceOf(own), { atMs: observation.atMs, pids, limit });
}

async function tellUnreachable(
  dependencies: ContainerDependencies,
  object: Stored<SandboxContainer>,
  vm: ReadyVm,
  error: unknown,
): Promise<ReconcileResult> {
  const { observer, api, logger, tickMs, clock } = dependencies;
  logger.debug({ vm_id: vm.vmId, container_name: object.metadata.name, err: error }, 'guest does not answer');
  if (observer.unreachableForMs(vm.uid) >= unreachableAfterMs) {
    const message = `podman in ${vm.vmId} does not answer: ${causeChain(error)}`;
    await api.commit(object, statusUnreachable(object, message, dependencies));
  }
  return { requeueAfterMs: nextTickMs(vm.uid, tickMs, clock) };
}
