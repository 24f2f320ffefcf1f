import { formatKey, type Lister } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import { SANDBOX_CONTAINER_REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import {
  type ReconcileContext,
  type ReconcileRequest,
  type ReconcileResult,
  type Reconciler,
  WaitingError,
} from '../runtime/index.ts';
import type { GuestOf } from './guest.ts';
import type { GuestObserver } from './guest-observer.ts';
import type { LookUpContainer } from './look-up.ts';
import { containersOf } from './of-vm.ts';
import { findOrphans, type OrphanContainer } from './orphans.ts';
import { nextTickMs } from './tick.ts';
import { classifyVm } from './vm-state.ts';

export interface OrphanDependencies {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly containers: Lister<SandboxContainer>;
  readonly userVms: Lister<UserVm>;
  readonly guestOf: GuestOf;
  readonly observer: GuestObserver;
  /**
   * What the API server itself says of a SandboxContainer that this node does not see: its role where it is there
   * under that UID and its VM is this one, undefined where it is not. Rejects where that cannot be told.
   */
  readonly lookUp: LookUpContainer;
  /** Writes events of a UserVM; its status stays as it is. */
  readonly tell: (vm: Stored<UserVm>, events: readonly LifecycleEvent[]) => Promise<void>;
  readonly tickMs: number;
}

/** How long something must have been an orphan: longer than a helper container lives. */
const graceMs = 10_000;

/** Removes from guests what belongs to no SandboxContainer. Its keys are those of UserVMs. */
export class OrphanReconciler implements Reconciler {
  readonly #dependencies: OrphanDependencies;
  /** Since when each was seen as an orphan, by VM. */
  readonly #firstSeenMs = new Map<string, Map<string, number>>();

  constructor(dependencies: OrphanDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(request: ReconcileRequest, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const { userVms, nodeName, observer, clock, tickMs } = this.#dependencies;
    const vm = userVms.get(request.namespace, request.name);
    const state = classifyVm(vm, nodeName);
    if (vm === undefined || state.kind !== 'ready') {
      this.#firstSeenMs.delete(formatKey(request));
      return {};
    }
    // The list comes first: an object that is made meanwhile is in the lister before its container is in the guest.
    const observation = await observer.observe(state.uid, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw new WaitingError(`the containers of ${state.vmId} cannot be listed`, {
        reason: SANDBOX_CONTAINER_REASONS.RuntimeUnreachable,
        cause: error,
      });
    });
    const declared = containersOf(this.#dependencies.containers, request).map((object) => ({
      uid: object.metadata.uid,
      role: object.spec.role,
    }));
    const suspects = findOrphans({ ...observation, declared });
    const due = this.#due(formatKey(request), [
      ...suspects.containers.map(({ id }) => id),
      ...suspects.routes,
    ]);
    const unseen = await this.#unseen(
      vm,
      suspects.containers.filter(({ id }) => due.has(id)),
      signal,
    );
    const orphans = findOrphans({ ...observation, declared: [...declared, ...unseen] });
    const guest = this.#dependencies.guestOf(state.uid);
    const containers = orphans.containers.filter(({ id }) => due.has(id));
    if (containers.length > 0) await this.#tell(vm, state.vmId, containers);
    try {
      for (const { id } of containers) await guest.removeContainer(id, 0, signal);
      for (const key of orphans.routes) if (due.has(key)) await guest.deleteRoute(key, signal);
    } finally {
      if (due.size > 0) observer.invalidate(state.uid);
    }
    return { requeueAfterMs: nextTickMs(state.uid, tickMs, clock) };
  }

  /**
   * Those that are there all the same: what is missing in this node's view may only not be bound to it yet, and a
   * container that belongs to somebody is never removed for that.
   */
  async #unseen(
    vm: Stored<UserVm>,
    suspects: readonly OrphanContainer[],
    signal: AbortSignal,
  ): Promise<{ uid: string; role: string }[]> {
    const found: { uid: string; role: string }[] = [];
    for (const { madeFor } of suspects) {
      const role = madeFor === undefined ? undefined : await this.#dependencies.lookUp(vm, madeFor, signal);
      if (madeFor !== undefined && role !== undefined) found.push({ uid: madeFor.uid, role });
    }
    return found;
  }

  /** Those that have been orphans for long enough. */
  #due(vmKey: string, seen: readonly string[]): ReadonlySet<string> {
    const nowMs = this.#dependencies.clock.monotonicMs();
    const before = this.#firstSeenMs.get(vmKey);
    const since = new Map(seen.map((id) => [id, before?.get(id) ?? nowMs]));
    this.#firstSeenMs.set(vmKey, since);
    return new Set(seen.filter((id) => nowMs - (since.get(id) ?? nowMs) >= graceMs));
  }

  /** The event goes first: a removal that nobody hears of would be a riddle. */
  async #tell(vm: Stored<UserVm>, vmId: string, containers: readonly { what: string }[]): Promise<void> {
    const { tell, logger } = this.#dependencies;
    const events = containers.slice(0, 32).map(({ what }) => {
      logger.warn({ vm_id: vmId, reason: USER_VM_REASONS.OrphanRemoved }, `removes ${what}`);
      return { type: 'Warning', reason: USER_VM_REASONS.OrphanRemoved, message: `removed ${what}` } as const;
    });
    await tell(vm, events);
  }
}
