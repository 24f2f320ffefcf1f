import type { Lister } from '../../api/client/index.ts';
import { keyOf } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';

/**
 * Bindings that were committed and that the cache may not show yet. Without them the next VM would count on
 * memory that has just been given away.
 */
export class AssumedBindings {
  readonly #nodeNames = new Map<string, { key: string; nodeName: string }>();

  add(vm: Stored<UserVm>, nodeName: string): void {
    this.#nodeNames.set(vm.metadata.uid, { key: keyOf(vm), nodeName });
  }

  /** The node that a VM is bound to, as far as anybody here knows. */
  nodeNameOf(vm: Stored<UserVm>): string | undefined {
    return vm.status?.nodeName ?? this.#nodeNames.get(vm.metadata.uid)?.nodeName;
  }

  /** Forgets what the cache has caught up with. */
  prune(vms: Lister<UserVm>): void {
    for (const [uid, { key }] of this.#nodeNames) {
      const vm = vms.getByKey(key);
      if (vm?.metadata.uid !== uid || vm.status?.nodeName !== undefined) this.#nodeNames.delete(uid);
    }
  }
}
