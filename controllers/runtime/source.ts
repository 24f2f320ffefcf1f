import type { Change, Informer } from '../../api/client/index.ts';
import { keyOf } from '../../api/client/index.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';

/** What makes a controller look at keys. */
export interface Source {
  whenSynced(signal: AbortSignal): Promise<void>;
  /** Calls `enqueue` with keys from now on; returns the way to stop. */
  connect(enqueue: (key: string) => void): () => void;
}

export interface InformerSourceOptions<T extends ApiObject> {
  /** Changes for which it says no are skipped. */
  readonly predicate?: (change: Change<T>) => boolean;
  /** The keys that a change concerns; default the object's own. Asked for the old and for the new object. */
  readonly keys?: (object: Stored<T>) => Iterable<string>;
}

/** Enqueues what an informer's changes concern, beginning with all that is there. The informer is started elsewhere. */
export function informerSource<T extends ApiObject>(
  informer: Informer<T>,
  options: InformerSourceOptions<T> = {},
): Source {
  const keysOf = options.keys ?? ((object: Stored<T>) => [keyOf(object)]);
  return {
    whenSynced: (signal) => informer.whenSynced(signal),
    connect: (enqueue) =>
      informer.onChange((_key, change) => {
        if (options.predicate !== undefined && !options.predicate(change)) return;
        const keys = new Set<string>();
        if (change.old !== undefined) for (const key of keysOf(change.old)) keys.add(key);
        if (change.new !== undefined) for (const key of keysOf(change.new)) keys.add(key);
        for (const key of keys) enqueue(key);
      }),
  };
}

/** The spec changed, or the object is new, gone, or on its way out: not a status write. */
export function specChanged<T extends ApiObject>(change: Change<T>): boolean {
  const { old, new: current } = change;
  if (old === undefined || current === undefined) return true;
  return (
    old.metadata.generation !== current.metadata.generation ||
    old.metadata.deletionTimestamp !== current.metadata.deletionTimestamp
  );
}
