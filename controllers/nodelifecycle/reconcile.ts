import { isNotFound, type Lister } from '../../api/client/index.ts';
import type { Lease } from '../../crds/lease/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import { NODE_LEASE_NAMESPACE, type Node } from '../../crds/node/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import { type Heartbeat, HeartbeatLog } from './heartbeat-log.ts';
import { planHealth, SUSPECT_MS } from './plan.ts';
import { isMarkedUnknown, type NodeStatus, statusOfHealth } from './status.ts';

export interface NodeLifecycleDependencies {
  readonly nodes: Lister<Node>;
  readonly leases: Lister<Lease>;
  readonly clock: Clock;
  /** The node's Lease from the API server itself. Rejects with ApiError: not found. */
  readonly getLease: (nodeName: string, signal: AbortSignal) => Promise<Stored<Lease>>;
  readonly commit: (
    node: Stored<Node>,
    status: NodeStatus,
    events: readonly LifecycleEvent[],
    signal: AbortSignal,
  ) => Promise<unknown>;
}

/** Steps: README.md. */
export class NodeLifecycleReconciler implements Reconciler {
  readonly #dependencies: NodeLifecycleDependencies;
  readonly #heartbeats = new HeartbeatLog();

  constructor(dependencies: NodeLifecycleDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile({ name }: ReconcileRequest, { signal }: { signal: AbortSignal }): Promise<ReconcileResult> {
    const { nodes, leases, clock, commit } = this.#dependencies;
    const node = nodes.get('', name);
    if (node === undefined) {
      const uids = new Set(nodes.list().map((other) => other.metadata.uid));
      this.#heartbeats.prune((uid) => uids.has(uid));
      return {};
    }
    const version = leases.get(NODE_LEASE_NAMESPACE, name)?.metadata.resourceVersion ?? '';
    const isMarked = isMarkedUnknown(node);
    if (!isMarked && this.#observe(node, version).leaseAgeMs >= SUSPECT_MS)
      await this.#confirm(node, version, signal);
    const plan = planHealth({ ...this.#observe(node, version), isMarkedUnknown: isMarked });
    if (plan.action === 'wait') return { requeueAfterMs: plan.delayMs };
    const { status, events } = statusOfHealth(node, plan.action, clock);
    await commit(node, status, events, signal);
    return { requeueAfterMs: SUSPECT_MS };
  }

  #observe(node: Stored<Node>, version: string): Heartbeat {
    return this.#heartbeats.observe(node.metadata.uid, version, this.#dependencies.clock.monotonicMs());
  }

  /** Asks the API server itself whether this is still the Lease. */
  async #confirm(node: Stored<Node>, version: string, signal: AbortSignal): Promise<void> {
    const { getLease, clock } = this.#dependencies;
    const { uid, name } = node.metadata;
    try {
      const live = await getLease(name, signal);
      if (live.metadata.resourceVersion === version) this.#heartbeats.confirm(uid, clock.monotonicMs());
      else this.#heartbeats.unconfirm(uid);
    } catch (error) {
      if (isNotFound(error) && version === '') return this.#heartbeats.confirm(uid, clock.monotonicMs());
      this.#heartbeats.unconfirm(uid);
      if (!isNotFound(error)) throw error;
    }
  }
}
