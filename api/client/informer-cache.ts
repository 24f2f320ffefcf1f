import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import { Indexer, type IndexFunction, type Lister } from './indexer.ts';
import { keyOf } from './object-key.ts';
import { isOlderRevision } from './revision.ts';
import type { WatchEvent } from './watch-stream.ts';

/** `old` is absent for a new object, `new` for one that is gone. Never both. */
export interface Change<T extends ApiObject> {
  readonly old?: Stored<T>;
  readonly new?: Stored<T>;
}

/** Told of every change in the cache, after it. Must not throw and must not wait: it enqueues. */
export type ChangeListener<T extends ApiObject> = (key: string, change: Change<T>) => void;

/** A server's answer was older than one seen before: it is not taken. */
export class StaleAnswerError extends Error {
  constructor(received: string, seen: string) {
    super(`received revision ${received} after ${seen} was seen; refusing to go back`);
    this.name = 'StaleAnswerError';
  }
}

/**
 * What an informer knows: the objects, the highest revision seen, and the revision to resume from. It never goes
 * back: older lists are refused, older events skipped.
 *
 * One etcd transaction may write several objects at one revision, and a stream may be cut between them. So the
 * revision to resume from is the one before the newest; the events that come twice are recognised and skipped.
 */
export class InformerCache<T extends ApiObject> {
  readonly #objects: Indexer<T>;
  readonly #notify: ChangeListener<T>;
  #seenRevision = '';
  #resumeRevision = '';

  constructor(notify: ChangeListener<T>, indexers: Readonly<Record<string, IndexFunction<T>>> = {}) {
    this.#notify = notify;
    this.#objects = new Indexer(indexers);
  }

  get lister(): Lister<T> {
    return this.#objects;
  }

  get size(): number {
    return this.#objects.keys().length;
  }

  /** Everything up to and including this one was received. Empty before the first list. */
  get resumeRevision(): string {
    return this.#resumeRevision;
  }

  /**
   * Takes a whole list: what is not in it is gone.
   * @throws StaleAnswerError when the list is older than what was seen
   */
  replace(items: readonly Stored<T>[], resourceVersion: string): void {
    if (isOlderRevision(resourceVersion, this.#seenRevision)) {
      throw new StaleAnswerError(resourceVersion, this.#seenRevision);
    }
    this.#seenRevision = resourceVersion;
    this.#resumeRevision = resourceVersion;
    const gone = new Set(this.#objects.keys());
    for (const object of items) {
      gone.delete(keyOf(object));
      this.#put(object);
    }
    for (const key of gone) this.#remove(key);
  }

  /** Takes a watch event; one that is older than what is known changes nothing. */
  apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      if (isOlderRevision(event.resourceVersion, this.#seenRevision)) return;
      this.#seenRevision = event.resourceVersion;
      this.#resumeRevision = event.resourceVersion;
      return;
    }
    const { object } = event;
    const key = keyOf(object);
    const revision = object.metadata.resourceVersion;
    if (event.type === 'DELETED') {
      const known = this.#objects.getByKey(key);
      const isOfAnother = known !== undefined && known.metadata.uid !== object.metadata.uid;
      const isOlder = known !== undefined && isOlderRevision(revision, known.metadata.resourceVersion);
      if (!isOfAnother && !isOlder) this.#remove(key);
    } else if (!isOlderRevision(revision, this.#seenRevision)) this.#put(object);
    this.#advance(revision);
  }

  #advance(revision: string): void {
    if (this.#seenRevision === revision || isOlderRevision(revision, this.#seenRevision)) return;
    this.#resumeRevision = this.#seenRevision;
    this.#seenRevision = revision;
  }

  #put(object: Stored<T>): void {
    const key = keyOf(object);
    const known = this.#objects.getByKey(key);
    if (known?.metadata.uid === object.metadata.uid) {
      const { resourceVersion } = object.metadata;
      if (resourceVersion === known.metadata.resourceVersion) return;
      if (isOlderRevision(resourceVersion, known.metadata.resourceVersion)) return;
      this.#objects.set(object);
      this.#notify(key, { old: known, new: object });
      return;
    }
    // Deleted and created again under one name between two answers: the old one's end is told first.
    this.#remove(key);
    this.#objects.set(object);
    this.#notify(key, { new: object });
  }

  #remove(key: string): void {
    const old = this.#objects.delete(key);
    if (old !== undefined) this.#notify(key, { old });
  }
}
