import type { ApiObject, Stored } from '../../../crds/meta/meta.ts';
import { keyOf } from '../object-key.ts';

export interface FakeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: Stored<ApiObject>;
}

/** Objects of one kind with a history, as etcd keeps it: model and oracle of the fake API server. */
export class FakeStore {
  readonly objects = new Map<string, Stored<ApiObject>>();
  readonly history: FakeEvent[] = [];
  revision = 100;
  compactedRevision = 0;
  #uids = 0;

  /** Creates or replaces an object at a new revision; several calls in `transaction` share one. */
  put(object: ApiObject): Stored<ApiObject> {
    return this.transaction((put) => put(object));
  }

  /** Writes at one revision. */
  transaction<T>(
    work: (put: (object: ApiObject) => Stored<ApiObject>, remove: (key: string) => void) => T,
  ): T {
    this.revision += 1;
    return work(
      (object) => this.#put(object),
      (key) => this.#remove(key),
    );
  }

  remove(key: string): void {
    this.transaction((_put, remove) => remove(key));
  }

  /** Forgets the history up to now: older watches get 410. */
  compact(): void {
    this.compactedRevision = this.revision;
  }

  after(revision: number): FakeEvent[] {
    return this.history.filter((event) => event.revision > revision);
  }

  /** What a server that lags saw at an earlier revision. */
  at(revision: number): Stored<ApiObject>[] {
    const objects = new Map<string, Stored<ApiObject>>();
    for (const event of this.history) {
      if (event.revision > revision) break;
      if (event.type === 'DELETED') objects.delete(keyOf(event.object));
      else objects.set(keyOf(event.object), event.object);
    }
    return [...objects.values()];
  }

  #put(object: ApiObject): Stored<ApiObject> {
    const key = keyOf(object);
    const known = this.objects.get(key);
    this.#uids += known === undefined ? 1 : 0;
    const stored: Stored<ApiObject> = structuredClone({
      ...object,
      metadata: {
        ...object.metadata,
        name: object.metadata.name ?? '',
        uid: known?.metadata.uid ?? `uid-${this.#uids}`,
        resourceVersion: String(this.revision),
      },
    });
    this.objects.set(key, stored);
    this.history.push({
      type: known === undefined ? 'ADDED' : 'MODIFIED',
      revision: this.revision,
      object: stored,
    });
    return stored;
  }

  #remove(key: string): void {
    const known = this.objects.get(key);
    if (known === undefined) return;
    this.objects.delete(key);
    const object = { ...known, metadata: { ...known.metadata, resourceVersion: String(this.revision) } };
    this.history.push({ type: 'DELETED', revision: this.revision, object });
  }
}
