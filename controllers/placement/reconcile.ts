import { ApiError, type Lister } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import type { Node } from '../../crds/node/definition.ts';
import type { UserVm, UserVmStatus } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import { AssumedBindings } from './assumed-bindings.ts';
import { planPlacement } from './plan.ts';
import { statusOfPlacement } from './status.ts';
import { candidatesOf, demandOf } from './usage.ts';

export interface PlacementDependencies {
  readonly vms: Lister<UserVm>;
  readonly nodes: Lister<Node>;
  readonly clock: Clock;
  /** Writes status and events in one transaction, if the object is still as it was read. */
  readonly commit: (
    vm: Stored<UserVm>,
    status: UserVmStatus,
    events: readonly LifecycleEvent[],
    signal: AbortSignal,
  ) => Promise<unknown>;
}

/** Steps: README.md. */
export class PlacementReconciler implements Reconciler {
  readonly #dependencies: PlacementDependencies;
  readonly #assumed = new AssumedBindings();
  /** Monotonic time at which a VM was first looked at, by UID. */
  readonly #firstSeenMs = new Map<string, number>();

  constructor(dependencies: PlacementDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(request: ReconcileRequest, context: { signal: AbortSignal }): Promise<ReconcileResult> {
    const { vms, nodes, clock, commit } = this.#dependencies;
    const vm = vms.get(request.namespace, request.name);
    this.#prune();
    if (vm === undefined || vm.metadata.deletionTimestamp !== undefined) return {};
    if (this.#assumed.isBound(vm)) return {};
    const others = vms.list().filter((other) => other.metadata.uid !== vm.metadata.uid);
    const candidates = candidatesOf(nodes.list(), others, (other) => this.#assumed.nodeNameOf(other));
    const placement = planPlacement(demandOf(vm), candidates);
    const { status, events } = statusOfPlacement(vm, placement, this.#waitedMs(vm), clock);
    if (!placement.placed) await commit(vm, status, events, context.signal);
    else await this.#bind(vm, placement.nodeName, () => commit(vm, status, events, context.signal));
    return {};
  }

  /** A write without an answer may have been done: its binding counts until the API server says no. */
  async #bind(vm: Stored<UserVm>, nodeName: string, write: () => Promise<unknown>): Promise<void> {
    this.#assumed.assume(vm, nodeName);
    try {
      await write();
    } catch (error) {
      if (error instanceof ApiError) this.#assumed.forget(vm);
      throw error;
    }
    this.#assumed.confirm(vm);
  }

  #waitedMs(vm: Stored<UserVm>): number {
    const nowMs = this.#dependencies.clock.monotonicMs();
    const firstMs = this.#firstSeenMs.get(vm.metadata.uid) ?? nowMs;
    this.#firstSeenMs.set(vm.metadata.uid, firstMs);
    return nowMs - firstMs;
  }

  /** Both memories hold only VMs that still wait. */
  #prune(): void {
    const { vms } = this.#dependencies;
    this.#assumed.prune(vms);
    if (this.#firstSeenMs.size === 0) return;
    const waiting = new Set(unplaced(vms).map((vm) => vm.metadata.uid));
    for (const uid of this.#firstSeenMs.keys()) if (!waiting.has(uid)) this.#firstSeenMs.delete(uid);
  }
}

/** UserVMs that wait for a node. */
export function unplaced(vms: Lister<UserVm>): Stored<UserVm>[] {
  return vms.byIndex(BY_NODE, '');
}

/** Index of UserVMs by the node that they are bound to; `''` for those that are not. */
export const BY_NODE = 'nodeName';
