import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import { deepFreeze } from './deep-freeze.ts';
import { formatKey, keyOf } from './object-key.ts';

/** The values under which an object is found, e.g. its node's name. */
export type IndexFunction<T extends ApiObject> = (object: Stored<T>) => Iterable<string>;

/** Reads from a cache. All objects are deep-frozen and shared. */
export interface Lister<T extends ApiObject> {
  /** `namespace` is empty for cluster-scoped kinds. */
  get(namespace: string, name: string): Stored<T> | undefined;
  getByKey(key: string): Stored<T> | undefined;
  /** In no particular order; all namespaces where none is given. */
  list(namespace?: string): Stored<T>[];
  /** @throws RangeError for an index that was not declared */
  byIndex(index: string, value: string): Stored<T>[];
}

/** Objects by key, and by the values of index functions. */
export class Indexer<T extends ApiObject> implements Lister<T> {
  readonly #objects = new Map<string, Stored<T>>();
  readonly #functions: Readonly<Record<string, IndexFunction<T>>>;
  readonly #indices = new Map<string, Map<string, Set<string>>>();

  constructor(functions: Readonly<Record<string, IndexFunction<T>>> = {}) {
    this.#functions = functions;
    for (const name of Object.keys(functions)) this.#indices.set(name, new Map());
  }

  get(namespace: string, name: string): Stored<T> | undefined {
    return this.#objects.get(formatKey({ namespace, name }));
  }

  getByKey(key: string): Stored<T> | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): Stored<T>[] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  byIndex(index: string, value: string): Stored<T>[] {
    const values = this.#indices.get(index);
    if (values === undefined) throw new RangeError(`no index ${JSON.stringify(index)}`);
    const found: Stored<T>[] = [];
    for (const key of values.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  /** Freezes and keeps an object; returns the one it replaces. */
  set(object: Stored<T>): Stored<T> | undefined {
    const key = keyOf(object);
    const old = this.delete(key);
    this.#objects.set(key, deepFreeze(object));
    for (const [name, values] of this.#indices) {
      for (const value of this.#functions[name]?.(object) ?? []) {
        const keys = values.get(value) ?? new Set();
        values.set(value, keys.add(key));
      }
    }
    return old;
  }

  /** Returns the object that was there. */
  delete(key: string): Stored<T> | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    for (const [name, values] of this.#indices) {
      for (const value of this.#functions[name]?.(old) ?? []) {
        values.get(value)?.delete(key);
        if (values.get(value)?.size === 0) values.delete(value);
      }
    }
    return old;
  }
}
