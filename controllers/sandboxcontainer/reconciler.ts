import { formatKey } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { SANDBOX_CONTAINER_REASONS as REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { isJob, jobDeadlineMs } from '../../crds/sandboxcontainer/job.ts';
import type { ReconcileContext, ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import { deleteContainer } from './delete.ts';
import type { ContainerDependencies } from './dependencies.ts';
import { concerns } from './dependencies-of.ts';
import { driveContainer } from './drive.ts';
import { expireJob } from './job-progress.ts';
import { withJob } from './job-status.ts';
import { classifyVm, type VmState } from './vm-state.ts';
import { statusWithoutVm } from './without-vm.ts';

/** How long a deleted container waits for a guest that runs and does not answer. */
const deletePatienceMs = 30_000;

/** Brings a container in its guest to what a SandboxContainer declares. The README lists the steps. */
export class ContainerReconciler implements Reconciler {
  readonly #dependencies: ContainerDependencies;
  /** What was looked after here, by key: to let go of what is not in sight any more. */
  readonly #known = new Map<string, { readonly uid: string; readonly vmKey: string }>();

  constructor(dependencies: ContainerDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(request: ReconcileRequest, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const { containers, userVms, nodeName } = this.#dependencies;
    const object = containers.get(request.namespace, request.name);
    if (object === undefined) return this.#letGo(request);
    const vmKey = formatKey({ namespace: request.namespace, name: object.spec.vmRef.name });
    const vm = classifyVm(userVms.getByKey(vmKey), nodeName);
    if (vm.kind === 'elsewhere') return this.#letGo(request);
    this.#takeOn(request, object.metadata.uid, vmKey);
    if (object.metadata.deletionTimestamp !== undefined) {
      const result = await this.#delete(object, vm, signal);
      return result.requeueAfterMs === undefined ? this.#letGo(request) : result;
    }
    if (vm.kind !== 'ready') return this.#waitForVm(object, vm);
    return driveContainer(this.#dependencies, object, { ...vm, key: vmKey }, signal);
  }

  async #waitForVm(
    object: Stored<SandboxContainer>,
    vm: Extract<VmState, { kind: 'not-ready' }>,
  ): Promise<ReconcileResult> {
    this.#forget(object.metadata.uid);
    const { api, observer, userVms, clock } = this.#dependencies;
    const { namespace = '' } = object.metadata;
    const vmName = object.spec.vmRef.name;
    const uid = userVms.get(namespace, vmName)?.metadata.uid;
    if (uid !== undefined) observer.forget(uid);
    const why = { reason: REASONS.UserVmNotReady, message: `UserVM ${vmName} ${vm.message}` };
    const next = statusWithoutVm(object, why, vm.vmId, clock);
    const expired = isJob(object) ? expireJob(object, clock.nowMs()) : undefined;
    await api.commit(object, expired === undefined ? next : withJob(next, object, expired, clock));
    const deadlineInMs = isJob(object) ? (jobDeadlineMs(object) ?? 0) - clock.nowMs() : 0;
    return deadlineInMs > 0 ? { requeueAfterMs: deadlineInMs } : {};
  }

  async #delete(
    object: Stored<SandboxContainer>,
    vm: Exclude<VmState, { kind: 'elsewhere' }>,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { clock, tickMs } = this.#dependencies;
    if (vm.kind === 'not-ready' && vm.mayRun) {
      const sinceMs = clock.nowMs() - Date.parse(object.metadata.deletionTimestamp ?? '');
      if (sinceMs < deletePatienceMs) return { requeueAfterMs: tickMs };
    }
    if (vm.kind === 'ready' && this.#isNeeded(object)) return { requeueAfterMs: tickMs };
    return deleteContainer(this.#dependencies, object, vm.kind === 'ready' ? vm.uid : undefined, signal);
  }

  /** Others that are being deleted too go before what they depend on, for as long as that takes in a good case. */
  #isNeeded(object: Stored<SandboxContainer>): boolean {
    const { containers, clock } = this.#dependencies;
    const sinceMs = clock.nowMs() - Date.parse(object.metadata.deletionTimestamp ?? '');
    if (sinceMs >= deletePatienceMs) return false;
    return containers
      .list(object.metadata.namespace)
      .some(
        (other) =>
          other.metadata.uid !== object.metadata.uid &&
          other.metadata.deletionTimestamp !== undefined &&
          other.spec.vmRef.name === object.spec.vmRef.name &&
          concerns(object, other) &&
          !concerns(other, object),
      );
  }

  #takeOn(request: ReconcileRequest, uid: string, vmKey: string): void {
    const key = formatKey(request);
    // One that was deleted and made anew before anybody looked.
    if (this.#known.get(key)?.uid !== uid) this.#letGo(request);
    this.#known.set(key, { uid, vmKey });
  }

  /** Gone, or another node's from now on: nothing in a guest is touched, and nothing more is done for it. */
  #letGo(request: ReconcileRequest): ReconcileResult {
    const key = formatKey(request);
    const known = this.#known.get(key);
    if (known === undefined) return {};
    this.#known.delete(key);
    this.#forget(known.uid);
    this.#dependencies.addresses.release(known.vmKey, known.uid);
    return {};
  }

  #forget(uid: string): void {
    const { prober, backoff } = this.#dependencies;
    prober.forget(uid);
    backoff.reset(uid);
  }
}
