import { isNotFound, type Lister } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import type { NewStatus } from '../sandboxcontainer/without-vm.ts';
import { planBinding } from './plan.ts';
import { statusOfBinding, statusWithoutNode } from './status.ts';

export interface ContainerBindingDependencies {
  readonly containers: Lister<SandboxContainer>;
  readonly vms: Lister<UserVm>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** From the API server itself. Rejects with ApiError: not found. */
  readonly getVm: (namespace: string, name: string, signal: AbortSignal) => Promise<Stored<UserVm>>;
  /** Writes nothing where nothing changed; only if the object is still as it was read. */
  readonly commit: (
    container: Stored<SandboxContainer>,
    next: NewStatus,
    signal: AbortSignal,
  ) => Promise<unknown>;
  /** Takes the node's finalizer away. */
  readonly release: (container: Stored<SandboxContainer>) => Promise<unknown>;
}

/** Steps: README.md. */
export class ContainerBindingReconciler implements Reconciler {
  readonly #dependencies: ContainerBindingDependencies;

  constructor(dependencies: ContainerBindingDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(request: ReconcileRequest, { signal }: { signal: AbortSignal }): Promise<ReconcileResult> {
    const { containers, clock, commit } = this.#dependencies;
    const container = containers.get(request.namespace, request.name);
    if (container === undefined) return {};
    const plan = planBinding(container, await this.#vmOf(container, signal));
    if (plan.action === 'bind') await commit(container, statusOfBinding(container, plan, clock), signal);
    if (plan.action === 'unbind') await commit(container, statusWithoutNode(container, plan, clock), signal);
    if (plan.action === 'release') await this.#release(container);
    return {};
  }

  /** As the cache has it where it has a node, else as the API server has it. */
  async #vmOf(container: Stored<SandboxContainer>, signal: AbortSignal): Promise<Stored<UserVm> | undefined> {
    const { vms, getVm } = this.#dependencies;
    const { namespace = '' } = container.metadata;
    const { name } = container.spec.vmRef;
    const cached = vms.get(namespace, name);
    if (cached?.status?.nodeName !== undefined) return cached;
    try {
      return await getVm(namespace, name, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #release(container: Stored<SandboxContainer>): Promise<void> {
    try {
      await this.#dependencies.release(container);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
