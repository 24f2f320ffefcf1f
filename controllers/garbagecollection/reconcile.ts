import { type ApiClient, isNotFound, type Lister } from '../../api/client/index.ts';
import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import {
  hasFinalizer,
  type ReconcileRequest,
  type ReconcileResult,
  type Reconciler,
  removeFinalizer,
} from '../runtime/index.ts';
import type { Dependent } from './graph.ts';
import { observeOwners } from './observe-owners.ts';
import { blockingDependents, FOREGROUND_FINALIZER, ORPHAN_FINALIZER, planCollection } from './plan.ts';

export interface GarbageCollectionDependencies {
  /** The kind that this reconciler looks after. */
  readonly definition: ResourceDefinition;
  readonly objects: Lister<ApiObject>;
  readonly client: Pick<ApiClient, 'get' | 'patch' | 'delete'>;
  readonly dependentsOf: (ownerUid: string) => readonly Dependent[];
  readonly definitionOf: (reference: OwnerReference) => ResourceDefinition | undefined;
}

/** Steps: README.md. */
export class GarbageCollectionReconciler implements Reconciler {
  readonly #dependencies: GarbageCollectionDependencies;

  constructor(dependencies: GarbageCollectionDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(request: ReconcileRequest, { signal }: { signal: AbortSignal }): Promise<ReconcileResult> {
    const object = this.#dependencies.objects.get(request.namespace, request.name);
    if (object === undefined) return {};
    try {
      if (object.metadata.deletionTimestamp === undefined) await this.#collect(object, signal);
      else if (hasFinalizer(object, ORPHAN_FINALIZER)) await this.#orphan(object, signal);
      else if (hasFinalizer(object, FOREGROUND_FINALIZER)) await this.#finishForeground(object);
    } catch (error) {
      // Gone meanwhile: what it meant for others wakes them by itself.
      if (!isNotFound(error)) throw error;
    }
    return {};
  }

  async #orphan(owner: Stored<ApiObject>, signal: AbortSignal): Promise<void> {
    const { client, definition, dependentsOf } = this.#dependencies;
    for (const dependent of dependentsOf(owner.metadata.uid)) {
      const kept =
        dependent.object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid) ?? [];
      await this.#setReferences(dependent.definition, dependent.object, kept, signal).catch(
        (error: unknown) => {
          if (!isNotFound(error)) throw error;
        },
      );
    }
    await removeFinalizer(client, definition, owner, ORPHAN_FINALIZER);
  }

  async #finishForeground(owner: Stored<ApiObject>): Promise<void> {
    const { client, definition, dependentsOf } = this.#dependencies;
    const { uid } = owner.metadata;
    const dependents = dependentsOf(uid).map(({ object }) => object);
    if (blockingDependents(uid, dependents).length > 0) return;
    await removeFinalizer(client, definition, owner, FOREGROUND_FINALIZER);
  }

  async #collect(object: Stored<ApiObject>, signal: AbortSignal): Promise<void> {
    const { client, definition, dependentsOf } = this.#dependencies;
    const owners = await observeOwners(this.#dependencies, object, signal);
    const plan = planCollection(owners, dependentsOf(object.metadata.uid).length > 0);
    if (plan.action === 'dropReferences')
      await this.#setReferences(definition, object, plan.ownerReferences, signal);
    if (plan.action !== 'delete') return;
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const { propagationPolicy } = plan;
    await client.delete(definition, { namespace, name }, { uid, resourceVersion, propagationPolicy, signal });
  }

  async #setReferences(
    definition: ResourceDefinition,
    object: Stored<ApiObject>,
    references: readonly OwnerReference[],
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const metadata = { uid, resourceVersion, ownerReferences: references.length === 0 ? null : references };
    await this.#dependencies.client.patch(definition, { namespace, name }, { metadata }, { signal });
  }
}
