import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import type { OwnershipGraph } from './graph.ts';
import type { GraphNode } from './graph-node.ts';
import type { OwnerLookup } from './owner-lookup.ts';
import { retryDelayMs } from './reconcile.ts';

export interface VerifyOwnerDependencies {
  readonly graph: OwnershipGraph;
  readonly owners: Pick<OwnerLookup, 'stateOf'>;
  /** Has an object looked at. */
  readonly enqueue: (node: GraphNode) => void;
}

/**
 * Asks the API server for an owner that dependents name and no watch has shown, by its UID. Dependents may name it
 * in different ways (another kind, name or namespace): each is asked for, and those that name nothing are looked at.
 */
export class VerifyOwnerReconciler implements Reconciler {
  readonly #dependencies: VerifyOwnerDependencies;

  constructor(dependencies: VerifyOwnerDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(
    { name: uid }: ReconcileRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<ReconcileResult> {
    const { graph, owners, enqueue } = this.#dependencies;
    const node = graph.get(uid);
    if (node === undefined || node.seen !== undefined) return {};
    const absent = new Set<string>();
    for (const [key, { claim, claimants }] of node.claims()) {
      if ((await owners.stateOf(claim, signal)) !== 'dangling') continue;
      absent.add(key);
      for (const claimant of claimants) enqueue(claimant);
    }
    // Dependents, or the owner itself, may have come meanwhile.
    if (node.seen !== undefined || graph.get(uid) !== node) return {};
    if ([...node.claims().keys()].every((key) => absent.has(key))) {
      graph.removeVirtual(node);
      return {};
    }
    node.attempts += 1;
    return { requeueAfterMs: retryDelayMs(node.attempts) };
  }
}
