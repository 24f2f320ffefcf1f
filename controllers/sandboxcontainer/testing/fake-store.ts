import type { IndexFunction, Lister } from '../../../api/client/index.ts';
import type { ApiObject, Stored } from '../../../crds/meta/meta.ts';

/** The API server and an informer that is always up to date, for one kind. Objects are frozen as in a real cache. */
export class FakeStore<T extends ApiObject> implements Lister<T> {
  readonly #objects = new Map<string, Stored<T>>();
  readonly #indexers: Readonly<Record<string, IndexFunction<T>>>;
  #revision = 0;

  constructor(indexers: Readonly<Record<string, IndexFunction<T>>> = {}) {
    this.#indexers = indexers;
  }

  get(namespace: string, name: string): Stored<T> | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  getByKey(key: string): Stored<T> | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): Stored<T>[] {
    return [...this.#objects.values()].filter(
      ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
    );
  }

  byIndex(index: string, value: string): Stored<T>[] {
    const valuesOf = this.#indexers[index];
    if (valuesOf === undefined) throw new RangeError(`no index ${JSON.stringify(index)}`);
    return this.list().filter((object) => [...valuesOf(object)].includes(value));
  }

  drop(namespace: string, name: string): void {
    this.#objects.delete(`${namespace}/${name}`);
  }

  /** Stores a changed copy under a new resourceVersion, and drops it when it is deleted and has no finalizer. */
  put(object: Stored<T>): Stored<T> {
    this.#revision += 1;
    const copy: Stored<T> = structuredClone(object);
    copy.metadata.resourceVersion = String(this.#revision);
    const key = `${copy.metadata.namespace}/${copy.metadata.name}`;
    const isGone =
      copy.metadata.deletionTimestamp !== undefined && (copy.metadata.finalizers ?? []).length === 0;
    if (isGone) this.#objects.delete(key);
    else this.#objects.set(key, freeze(copy));
    return copy;
  }
}

function freeze<V>(value: V): V {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const member of Object.values(value)) freeze(member);
  }
  return value;
}
