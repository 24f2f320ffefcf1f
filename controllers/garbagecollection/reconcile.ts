import { isDeepStrictEqual } from 'node:util';
import { isConflict, isNotFound } from '../../api/client/index.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import { isInWaitingCircle } from './circles.ts';
import { finishForeground, orphanDependents } from './finish-owner.ts';
import type { OwnershipGraph } from './graph.ts';
import type { GraphNode, Seen } from './graph-node.ts';
import type { MetadataClient } from './metadata-client.ts';
import type { MisplacedOwnerEvents } from './misplaced-owner-events.ts';
import type { OwnerLookup } from './owner-lookup.ts';
import { isBeingDeleted, isOrphaning, isWaitingForDependents } from './ownership.ts';
import { ATTEMPTS_MAX, patchMetadata, readAgain, unblocked, withoutOwners } from './patch-metadata.ts';
import { type CollectionPlan, planCollection } from './plan.ts';

/** Whoever asked in vain asks again after 1 s, 2 s, ..., at most so much. */
const RETRY_MAX_MS = 300_000;

export interface GarbageCollectionDependencies {
  readonly graph: OwnershipGraph;
  readonly client: Pick<MetadataClient, 'get' | 'patch' | 'delete'>;
  readonly owners: Pick<OwnerLookup, 'observe'>;
  readonly events: Pick<MisplacedOwnerEvents, 'report'>;
  readonly clock: Clock;
  /** Kinds whose objects are not all known yet, but will be soon: dependents may be among them. */
  readonly isStillListing: () => boolean;
  /** Dependents come by other watches than their owner: its end is not taken in hand before this time is over. */
  readonly settleMs: number;
}

/** Looks at one object by its UID. Steps: README.md. */
export class GarbageCollectionReconciler implements Reconciler {
  readonly #dependencies: GarbageCollectionDependencies;

  constructor(dependencies: GarbageCollectionDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(
    { name: uid }: ReconcileRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<ReconcileResult> {
    const node = this.#dependencies.graph.get(uid);
    if (node?.seen === undefined) return {};
    const { object } = node.seen;
    if (isOrphaning(object) || isWaitingForDependents(object)) return this.#finish(node, node.seen, signal);
    if (isBeingDeleted(object)) return {};
    return this.#collect(node, node.seen, signal);
  }

  async #finish(node: GraphNode, seen: Seen, signal: AbortSignal): Promise<ReconcileResult> {
    const { client, clock, settleMs, isStillListing } = this.#dependencies;
    const isForeground = isWaitingForDependents(seen.object);
    if (isForeground && !node.blockingDependents().next().done) {
      if (isInWaitingCircle(node)) await patchMetadata(client, seen, unblocked, signal);
      return {};
    }
    const leftMs = node.heldSinceMs + settleMs - clock.monotonicMs();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    if (isStillListing()) return { requeueAfterMs: settleMs };
    if (isForeground) await finishForeground(client, seen, signal);
    else await orphanDependents(client, node, seen, signal);
    return {};
  }

  async #collect(node: GraphNode, seen: Seen, signal: AbortSignal): Promise<ReconcileResult> {
    const { client, events, owners } = this.#dependencies;
    await events.report(node, seen, signal);
    const observed = await owners.observe(seen.object, signal);
    const plan = planCollection(observed, {
      finalizers: seen.object.metadata.finalizers ?? [],
      hasDependents: node.dependentCount > 0,
    });
    if (plan.action === 'wait') {
      node.attempts += 1;
      return { requeueAfterMs: retryDelayMs(node.attempts) };
    }
    node.attempts = 0;
    if (plan.action === 'dropReferences')
      await patchMetadata(client, seen, withoutOwners(plan.ownerUids), signal);
    if (plan.action === 'delete') await this.#delete(seen, plan, signal);
    return {};
  }

  /** Only as it was decided upon: writes that leave the owners alone do not save an object, any other does. */
  async #delete(
    seen: Seen,
    { propagationPolicy }: Extract<CollectionPlan, { action: 'delete' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#dependencies;
    const { namespace, name, uid } = seen.object.metadata;
    let current: Stored<ApiObject> = seen.object;
    for (let attempt = 1; ; attempt += 1) {
      const { resourceVersion } = current.metadata;
      try {
        const preconditions = { uid, resourceVersion };
        await client.delete(
          seen.resource,
          { namespace, name },
          { ...preconditions, propagationPolicy, signal },
        );
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error) || attempt === ATTEMPTS_MAX) throw error;
        const found = await readAgain(client, seen, signal);
        if (found === undefined) return;
        if (!isDeepStrictEqual(found.metadata.ownerReferences, seen.object.metadata.ownerReferences))
          throw error;
        current = found;
      }
    }
  }
}

/** @param attempts in vain, from 1 */
export function retryDelayMs(attempts: number): number {
  return Math.min(1_000 * 2 ** Math.min(attempts - 1, 20), RETRY_MAX_MS);
}
