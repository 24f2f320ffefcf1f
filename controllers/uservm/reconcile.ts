import { formatKey, isNotFound } from '../../api/client/index.ts';
import { parseDurationMs } from '../../crds/meta/duration.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { USER_VM_FINALIZER } from '../../crds/uservm/conditions.ts';
import {
  DEFAULT_RETENTION,
  type LifecycleStep,
  type UserVm,
  type UserVmStatus,
  userVmDefinition,
} from '../../crds/uservm/definition.ts';
import { recordSpan } from '../../lib/telemetry.ts';
import { gatewayOf } from '../host/addresses.ts';
import { macOf, shortIdOf, tapNameOf, vmIdOf, vmPathsOf } from '../host/vm-identity.ts';
import {
  ensureFinalizer,
  hasFinalizer,
  type ReconcileContext,
  type ReconcileRequest,
  type ReconcileResult,
  type Reconciler,
  removeFinalizer,
} from '../runtime/index.ts';
import { bootSpecOf, effectiveRecycleRequest } from './boot-spec.ts';
import { type DeferrableCommit, DeferredCommits } from './deferred-commits.ts';
import type { UserVmDeps } from './deps.ts';
import { assignmentOf, dueDigestOf } from './desired-image.ts';
import { eventsOf } from './events.ts';
import { type Execution, executeSteps } from './execute.ts';
import { LIFECYCLE_NAMES, scheduledStepOf } from './lifecycle.ts';
import { VmMemory } from './memory.ts';
import type { DesiredVm, Observation } from './observation.ts';
import { observeUserVm } from './observe.ts';
import { type Outcome, type Plan, planUserVm } from './plan.ts';
import { statusOf } from './status.ts';
import type { StepContext } from './step-context.ts';

/** Between tries to write what an API server that was away is owed. */
const OUTAGE_RETRY_MS = 1_000;

/** Steps that come before a VM is ended or changed: where one fails, the VM goes on as it is. */
const BEFORE_ITS_END: ReadonlySet<string> = new Set([
  'ensureVolume',
  'verifyImage',
  'requireSnapshotRoom',
  'pauseVm',
]);

/** Brings the VMs that are bound to this node to what their objects declare. `README.md` has the way of one call. */
export class UserVmReconciler implements Reconciler {
  readonly #deps: UserVmDeps;
  readonly #memories = new Map<string, VmMemory>();
  /** UIDs of the VMs that were looked after here, by key. */
  readonly #known = new Map<string, string>();
  readonly #deferred: DeferredCommits;

  constructor(deps: UserVmDeps) {
    this.#deps = deps;
    this.#deferred = new DeferredCommits(deps.committer);
  }

  async reconcile(request: ReconcileRequest, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const found = this.#deps.objects.get(request.namespace, request.name);
    const key = formatKey(request);
    const known = this.#known.get(key);
    if (known !== undefined && known !== found?.metadata.uid) this.#letGo(known);
    if (found?.status?.nodeName !== this.#deps.nodeName) {
      if (known !== undefined) this.#letGo(known);
      this.#known.delete(key);
      return {};
    }
    this.#known.set(key, found.metadata.uid);
    const isDeleting = found.metadata.deletionTimestamp !== undefined;
    // Nothing of it is left: somebody else's finalizer holds the object.
    if (isDeleting && !hasFinalizer(found, USER_VM_FINALIZER)) return {};
    const object = isDeleting
      ? found
      : await ensureFinalizer(this.#deps.client, userVmDefinition, found, USER_VM_FINALIZER);
    if (object !== found) this.#deps.objects.remember(object);
    return this.#reconcileBound(await this.#reserveIdentity(object, signal), signal);
  }

  /** Writes vmId and address into the status before anything uses them: a crash never gives one address twice. */
  async #reserveIdentity(object: Stored<UserVm>, signal: AbortSignal): Promise<Stored<UserVm>> {
    const { uid } = object.metadata;
    const ip = this.#deps.addresses.reserve(uid, object.status?.addresses?.ip);
    const identity = { vmId: vmIdOf(uid), addresses: { ip, mac: macOf(uid) } };
    const status: UserVmStatus = { ...object.status, ...identity };
    if (status.phase === undefined || status.phase === 'Pending' || status.phase === 'Scheduled') {
      status.phase = 'Provisioning';
    }
    const written = await this.#deps.committer.commit(userVmDefinition, object, status, [], signal);
    this.#deps.objects.remember(written);
    return written;
  }

  async #reconcileBound(stored: Stored<UserVm>, signal: AbortSignal): Promise<ReconcileResult> {
    const object = this.#deferred.viewOf(stored);
    const { uid } = object.metadata;
    const memory = this.#memoryOf(uid);
    memory.noteGeneration(object.metadata.generation);
    const context = this.#contextOf(object);
    const image = this.#deps.images(object.spec.guestImage, assignmentOf(object)?.digest);
    if (image.state === 'verified') memory.noteArtifact(image.image.digest);
    const seen = await observeUserVm(this.#deps.effects, {
      uid,
      paths: context.paths,
      port: context.port,
      desired: context.desired,
      status: object.status,
      generation: object.metadata.generation,
      image,
      memory: memory.sight(),
      nowMs: this.#deps.clock.nowMs(),
    });
    const plan = planUserVm(context.desired, seen, this.#deps.limits);
    if (plan.steps.some((step) => step.name === 'spawnVmm')) {
      memory.beginLifecycle(scheduledStepOf(object));
    }
    const execution = await executeSteps({
      steps: plan.steps,
      context,
      state: { record: seen.record, ensuredPort: undefined, volumeBytes: undefined },
      signal,
      onDone: (name, durationMs) => {
        this.#deps.metrics.stepSeconds.observe({ step: name }, durationMs / 1000);
        const mark = LIFECYCLE_NAMES[name];
        if (mark !== undefined && (plan.outcome.state === 'booting' || plan.outcome.state === 'resuming'))
          memory.mark(mark, object.status?.lifecycle);
      },
    });
    return this.#conclude({ stored, object, context, memory, seen, plan, execution, signal });
  }

  async #conclude(done: {
    stored: Stored<UserVm>;
    /** The same with this node's latest status, which may still have to be written. */
    object: Stored<UserVm>;
    context: StepContext;
    memory: VmMemory;
    seen: Observation;
    plan: Plan;
    execution: Execution;
    signal: AbortSignal;
  }): Promise<ReconcileResult> {
    const { stored, object, context, memory, seen, plan, execution, signal } = done;
    const { uid } = object.metadata;
    const outcome = this.#outcomeOf(plan, execution, seen);
    if (outcome.state === 'deleted') return this.#finishDeletion(stored);
    const exitMessage = await this.#exitMessage(outcome, context, seen);
    const requeueAfterMs = this.#note({
      outcome,
      memory,
      plan,
      failedStep: execution.failure?.step,
    });
    const seenSteps =
      outcome.state === 'running'
        ? ['guestReachable', 'ready']
        : outcome.state === 'booted'
          ? ['guestReachable']
          : [];
    for (const name of seenSteps) {
      const step = memory.mark(name, object.status?.lifecycle);
      if (step !== undefined) recordStep(step, context.vmId);
    }
    if (outcome.state === 'running') memory.noteServed(object.metadata.generation);
    const previous = object.status ?? {};
    const next = statusOf({
      previous,
      generation: object.metadata.generation,
      outcome,
      goal: context.desired.goal,
      record: execution.state.record,
      lifecycle: memory.lifecycleOr(previous.lifecycle),
      exitMessage,
      clock: this.#deps.clock,
    });
    const events = eventsOf({
      previous,
      next,
      outcome,
      recordBefore: seen.record,
      recordAfter: execution.state.record,
      ensuredPort: execution.state.ensuredPort,
      firewallMended: this.#deps.firewallNotices.has(uid),
      exitMessage,
    });
    for (const event of events) this.#deps.metrics.events.inc({ reason: event.reason });
    const mayDefer = context.desired.goal === 'run' && memory.hasServed(object.metadata.generation);
    await this.#commit({ stored, status: next, events, mayDefer, signal });
    // Once an end, however often it takes to write it down.
    if (outcome.state === 'exited') memory.noteFailure({ reason: 'VmmExited', message: exitMessage });
    this.#deps.firewallNotices.delete(uid);
    this.#deps.watchVmm(uid, execution.state.record);
    if (!this.#deferred.isOwed(uid)) return { requeueAfterMs };
    return { requeueAfterMs: Math.min(requeueAfterMs ?? OUTAGE_RETRY_MS, OUTAGE_RETRY_MS) };
  }

  /** A failed step is what the VM's state is about, wherever it was on its way to. */
  #outcomeOf(plan: Plan, execution: Execution, seen: Observation): Outcome {
    const { failure } = execution;
    if (failure === undefined) return plan.outcome;
    this.#deps.logger.warn({ err: failure, step: failure.step, vm_id: vmIdOfSeen(seen) }, 'step failed');
    const words = { reason: failure.reason, message: `${failure.step}: ${failure.message}` };
    // Both come before a VM is stopped for what it is to become: found to be impossible, it goes on as it is.
    const isBeforeStop = BEFORE_ITS_END.has(failure.step);
    const guest = isBeforeStop ? seen.vmm?.guest : undefined;
    return guest === undefined ? { state: 'failed', ...words } : { state: 'unmet', guest, ...words };
  }

  async #exitMessage(outcome: Outcome, context: StepContext, seen: Observation): Promise<string> {
    if (outcome.state !== 'exited') return '';
    const detail = await this.#deps.effects.describeExit(context.paths);
    const who = seen.record === undefined ? 'the VMM' : `VMM process ${seen.record.pid}`;
    const what = context.desired.goal === 'run' ? '; restarting the VM' : '';
    return `${who} ended by itself${detail === '' ? '' : `: ${detail}`}${what}`;
  }

  /** Remembers how it went; returns when to look again. */
  #note(went: {
    outcome: Outcome;
    memory: VmMemory;
    plan: Plan;
    failedStep: string | undefined;
  }): number | undefined {
    const { outcome, memory, plan } = went;
    if (went.failedStep !== undefined && (outcome.state === 'failed' || outcome.state === 'unmet')) {
      const delayMs = memory.noteFailure(outcome);
      // A VM that could not be written out stands still: it goes on before the next try.
      return went.failedStep === 'takeSnapshot' ? 0 : Math.max(500, delayMs);
    }
    switch (outcome.state) {
      case 'exited':
      case 'ended':
        memory.noteEnded();
        break;
      case 'stopping':
        if (outcome.failed) memory.noteFailure(outcome);
        break;
      case 'stopped':
      case 'standby':
        memory.noteSettled();
        break;
      case 'silent':
        memory.noteSilent();
        break;
      case 'running':
      case 'unmet':
        memory.noteRunning();
        break;
      default:
        break;
    }
    return plan.requeueAfterMs;
  }

  async #finishDeletion(object: Stored<UserVm>): Promise<ReconcileResult> {
    const { uid } = object.metadata;
    try {
      await removeFinalizer(this.#deps.client, userVmDefinition, object, USER_VM_FINALIZER);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#letGo(uid);
    return {};
  }

  /**
   * Nothing more is done for this VM: it is gone, or is not bound to this node any more. Its volume stays as it is.
   * What still runs of it is the orphan sweep's, which asks the API server first.
   */
  #letGo(uid: string): void {
    this.#memories.delete(uid);
    this.#deferred.forget(uid);
    this.#deps.addresses.release(uid);
    this.#deps.watchVmm(uid, undefined);
  }

  /** Writes what is true now; what the API server cannot take may wait, so that a VM is healed without it. */
  async #commit(commit: DeferrableCommit): Promise<void> {
    const { uid } = commit.stored.metadata;
    const wasOwed = this.#deferred.isOwed(uid);
    const written = await this.#deferred.commit(commit);
    if (written !== undefined) this.#deps.objects.remember(written);
    if (wasOwed === this.#deferred.isOwed(uid)) return;
    const message = wasOwed
      ? 'the API server has what was kept for it'
      : 'the API server cannot be written to: the VM is kept running, status and events wait';
    this.#deps.logger.info({ vm_id: vmIdOf(uid) }, message);
  }

  #memoryOf(uid: string): VmMemory {
    const known = this.#memories.get(uid);
    if (known !== undefined) return known;
    const memory = new VmMemory(this.#deps.clock, this.#deps.limits);
    this.#memories.set(uid, memory);
    return memory;
  }

  #contextOf(object: Stored<UserVm>): StepContext {
    const { uid } = object.metadata;
    const shortId = shortIdOf(uid);
    const addresses = object.status?.addresses;
    if (addresses === undefined) throw new TypeError('the identity was not reserved');
    return {
      effects: this.#deps.effects,
      clock: this.#deps.clock,
      uid,
      vmId: vmIdOf(uid),
      user: object.spec.user,
      paths: vmPathsOf(this.#deps.vmsDirectory, shortId),
      port: { tap: tapNameOf(shortId), mac: addresses.mac, ip: addresses.ip },
      gateway: gatewayOf(this.#deps.subnet),
      dataDisk: this.#deps.dataDiskOf(uid),
      desired: desiredOf(object),
      owner: {
        namespace: object.metadata.namespace ?? '',
        name: object.metadata.name,
        user: object.spec.user,
      },
      retentionMs: parseDurationMs(object.spec.dataVolume.retention ?? DEFAULT_RETENTION),
    };
  }
}

/** The span of a step that was waited for, not carried out. */
function recordStep({ name, at, durationMs }: LifecycleStep, vmId: string): void {
  const endTimeMs = Date.parse(at);
  const startTimeMs = endTimeMs - durationMs;
  recordSpan(`uservm ${name}`, { attributes: { vm_id: vmId }, startTimeMs }, endTimeMs);
}

function vmIdOfSeen(seen: Observation): string | undefined {
  return seen.record?.vmId;
}

const GOALS: Readonly<Record<UserVm['spec']['powerState'], DesiredVm['goal']>> = {
  Running: 'run',
  Paused: 'pause',
  Standby: 'standby',
  Stopped: 'stop',
};

function desiredOf(object: Stored<UserVm>): DesiredVm {
  const isDeleting = object.metadata.deletionTimestamp !== undefined;
  return {
    goal: isDeleting ? 'delete' : GOALS[object.spec.powerState],
    boot: bootSpecOf(object),
    recycleRequest: effectiveRecycleRequest(object),
    dueDigest: dueDigestOf(object),
  };
}
