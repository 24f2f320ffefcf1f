import { keyOf, type Lister } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';

interface Assumption {
  readonly key: string;
  readonly nodeName: string;
  /** The API server said yes; false while it has not answered, which may be for ever. */
  isCommitted: boolean;
}

/**
 * Bindings that were sent and that the cache may not show yet. Without them the next VM would count on memory that
 * has just been given away.
 */
export class AssumedBindings {
  readonly #assumptions = new Map<string, Assumption>();

  /** About to be sent: counts from now on, whatever becomes of the answer. */
  assume(vm: Stored<UserVm>, nodeName: string): void {
    this.#assumptions.set(vm.metadata.uid, { key: keyOf(vm), nodeName, isCommitted: false });
  }

  /** The API server said yes. */
  confirm(vm: Stored<UserVm>): void {
    const assumption = this.#assumptions.get(vm.metadata.uid);
    if (assumption !== undefined) assumption.isCommitted = true;
  }

  /** The API server said no. */
  forget(vm: Stored<UserVm>): void {
    this.#assumptions.delete(vm.metadata.uid);
  }

  /** The node on which a VM's resources count. */
  nodeNameOf(vm: Stored<UserVm>): string | undefined {
    return vm.status?.nodeName ?? this.#assumptions.get(vm.metadata.uid)?.nodeName;
  }

  /** Nothing is left to do for this VM. */
  isBound(vm: Stored<UserVm>): boolean {
    return vm.status?.nodeName !== undefined || this.#assumptions.get(vm.metadata.uid)?.isCommitted === true;
  }

  /** Forgets what the cache has caught up with. */
  prune(vms: Lister<UserVm>): void {
    for (const [uid, { key }] of this.#assumptions) {
      const vm = vms.getByKey(key);
      if (vm?.metadata.uid !== uid || vm.status?.nodeName !== undefined) this.#assumptions.delete(uid);
    }
  }
}
