import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';

/** The objects of one kind in a namespace. */
export interface KindContents {
  readonly definition: ResourceDefinition;
  readonly objects: readonly Stored<ApiObject>[];
}

export interface EmptyingPlan {
  /** Delete these now. */
  readonly toDelete: readonly {
    readonly definition: ResourceDefinition;
    readonly object: Stored<ApiObject>;
  }[];
  /** Objects that are still there, by resource, e.g. `uservms.holt.dev`. */
  readonly remaining: ReadonlyMap<string, number>;
  /** Finalizers that objects on their way out still hold, with how many. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/** What to delete and what is waited for. Events go when they are the last. */
export function planEmptying(contents: readonly KindContents[]): EmptyingPlan {
  const remaining = new Map<string, number>();
  const finalizers = new Map<string, number>();
  const toDelete: Array<{ definition: ResourceDefinition; object: Stored<ApiObject> }> = [];
  const isOnlyEvents = contents.every(
    ({ definition, objects }) => isEvents(definition) || objects.length === 0,
  );
  for (const { definition, objects } of contents) {
    if (objects.length > 0) remaining.set(resourceName(definition), objects.length);
    for (const object of objects) {
      if (object.metadata.deletionTimestamp !== undefined) {
        for (const finalizer of object.metadata.finalizers ?? []) {
          finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
        }
      } else if (!isEvents(definition) || isOnlyEvents) toDelete.push({ definition, object });
    }
  }
  return { toDelete, remaining, finalizers };
}

function isEvents(definition: ResourceDefinition): boolean {
  return definition.kind === 'Event';
}

function resourceName(definition: ResourceDefinition): string {
  return definition.group === '' ? definition.plural : `${definition.plural}.${definition.group}`;
}
