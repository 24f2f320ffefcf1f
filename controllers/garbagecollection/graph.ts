import { isDeepStrictEqual } from 'node:util';
import { type Change, formatKey, type Informer, keyOf } from '../../api/client/index.ts';
import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import type { Source } from '../runtime/index.ts';

/** Index of an informer by its objects' owners' UIDs; every informer given to the graph must have it. */
export const BY_OWNER = 'ownerUid';
export const ownerIndexers = {
  [BY_OWNER]: (object: Stored<ApiObject>) => (object.metadata.ownerReferences ?? []).map(({ uid }) => uid),
};

/** An object together with what it takes to address it. */
export interface Dependent {
  readonly definition: ResourceDefinition;
  readonly object: Stored<ApiObject>;
}

/** Who owns whom, across kinds, as the informers' caches show it. */
export class OwnershipGraph {
  readonly #informers: readonly Informer<ApiObject>[];
  readonly #enqueues = new Map<ResourceDefinition, (key: string) => void>();

  constructor(informers: readonly Informer<ApiObject>[]) {
    this.#informers = informers;
  }

  dependentsOf(ownerUid: string): Dependent[] {
    return this.#informers.flatMap(({ definition, lister }) =>
      lister.byIndex(BY_OWNER, ownerUid).map((object) => ({ definition, object })),
    );
  }

  /** The kind that a reference names, undefined when it is not served. Versions of a kind are the same objects. */
  definitionOf(reference: OwnerReference): ResourceDefinition | undefined {
    const group = reference.apiVersion.includes('/') ? reference.apiVersion.split('/')[0] : '';
    return this.#informers
      .map(({ definition }) => definition)
      .find((definition) => definition.kind === reference.kind && definition.group === group);
  }

  /** The keys of one kind that a change anywhere may concern. */
  sourceFor(definition: ResourceDefinition): Source {
    return {
      whenSynced: async (signal) => {
        await Promise.all(this.#informers.map((informer) => informer.whenSynced(signal)));
      },
      connect: (enqueue) => {
        this.#enqueues.set(definition, enqueue);
        return () => this.#enqueues.delete(definition);
      },
    };
  }

  /** Begins to follow the informers; after all sources are connected. Returns the way to stop. */
  follow(): () => void {
    const leaves = this.#informers.map((informer) =>
      informer.onChange((key, change) => this.#dispatch(informer.definition, key, change)),
    );
    return () => {
      for (const leave of leaves) leave();
    };
  }

  #dispatch(definition: ResourceDefinition, key: string, change: Change<ApiObject>): void {
    const { old, new: current } = change;
    if (current !== undefined && concernsItself(old, current)) this.#enqueues.get(definition)?.(key);
    const leaving =
      current === undefined ? old : current.metadata.deletionTimestamp === undefined ? undefined : current;
    if (leaving === undefined) return;
    for (const dependent of this.dependentsOf(leaving.metadata.uid)) {
      this.#enqueues.get(dependent.definition)?.(keyOf(dependent.object));
    }
    if (current === undefined) this.#enqueueOwners(leaving);
  }

  /** A foreground deletion may have waited for this one. */
  #enqueueOwners(dependent: Stored<ApiObject>): void {
    for (const reference of dependent.metadata.ownerReferences ?? []) {
      const definition = this.definitionOf(reference);
      if (definition === undefined) continue;
      const namespace = definition.namespaced ? dependent.metadata.namespace : undefined;
      this.#enqueues.get(definition)?.(formatKey({ namespace, name: reference.name }));
    }
  }
}

/** New, or changed in a way that garbage collection cares about: a status write is not. */
function concernsItself(old: Stored<ApiObject> | undefined, current: Stored<ApiObject>): boolean {
  const { ownerReferences = [], deletionTimestamp, finalizers } = current.metadata;
  if (ownerReferences.length === 0 && deletionTimestamp === undefined) return false;
  return (
    old === undefined ||
    old.metadata.deletionTimestamp !== deletionTimestamp ||
    !isDeepStrictEqual(old.metadata.finalizers, finalizers) ||
    !isDeepStrictEqual(old.metadata.ownerReferences ?? [], ownerReferences)
  );
}
