import { formatKey } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { SANDBOX_CONTAINER_REASONS as REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { ReconcileContext, ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import { deleteContainer } from './delete.ts';
import type { ContainerDependencies } from './dependencies.ts';
import { driveContainer } from './drive.ts';
import { statusWithoutVm } from './status.ts';
import { classifyVm, type VmState } from './vm-state.ts';

/** How long a deleted container waits for a guest that runs and does not answer. */
const deletePatienceMs = 30_000;

/** Brings a container in its guest to what a SandboxContainer declares. The README lists the steps. */
export class ContainerReconciler implements Reconciler {
  readonly #dependencies: ContainerDependencies;

  constructor(dependencies: ContainerDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(request: ReconcileRequest, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const { containers, userVms, nodeName, addresses } = this.#dependencies;
    const object = containers.get(request.namespace, request.name);
    if (object === undefined) return {};
    const vmKey = formatKey({ namespace: request.namespace, name: object.spec.vmRef.name });
    const vm = classifyVm(userVms.getByKey(vmKey), nodeName);
    if (vm.kind === 'elsewhere') {
      this.#forget(object);
      return {};
    }
    if (object.metadata.deletionTimestamp !== undefined) {
      const result = await this.#delete(object, vm, signal);
      if (result.requeueAfterMs === undefined) {
        this.#forget(object);
        addresses.release(vmKey, object.metadata.uid);
      }
      return result;
    }
    if (vm.kind !== 'ready') return this.#waitForVm(object, vm);
    return driveContainer(this.#dependencies, object, { ...vm, key: vmKey }, signal);
  }

  async #waitForVm(
    object: Stored<SandboxContainer>,
    vm: Extract<VmState, { kind: 'missing' | 'not-ready' }>,
  ): Promise<ReconcileResult> {
    this.#forget(object);
    const { api, observer, userVms } = this.#dependencies;
    const { namespace = '' } = object.metadata;
    const vmName = object.spec.vmRef.name;
    const uid = userVms.get(namespace, vmName)?.metadata.uid;
    if (uid !== undefined) observer.forget(uid);
    const why =
      vm.kind === 'missing'
        ? {
            reason: REASONS.UserVmNotFound,
            message: `there is no UserVM ${vmName} in namespace ${namespace}: create it, or name another in spec.vmRef`,
          }
        : { reason: REASONS.UserVmNotReady, message: `UserVM ${vmName} ${vm.message}` };
    const vmId = vm.kind === 'missing' ? undefined : vm.vmId;
    await api.commit(object, statusWithoutVm(object, why, vmId, this.#dependencies));
    return {};
  }

  async #delete(
    object: Stored<SandboxContainer>,
    vm: VmState,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { clock, tickMs } = this.#dependencies;
    if (vm.kind === 'not-ready' && vm.mayRun) {
      const sinceMs = clock.nowMs() - Date.parse(object.metadata.deletionTimestamp ?? '');
      if (sinceMs < deletePatienceMs) return { requeueAfterMs: tickMs };
    }
    return deleteContainer(this.#dependencies, object, vm.kind === 'ready' ? vm.uid : undefined, signal);
  }

  #forget(object: Stored<SandboxContainer>): void {
    const { prober, backoff } = this.#dependencies;
    prober.forget(object.metadata.uid);
    backoff.reset(object.metadata.uid);
  }
}
