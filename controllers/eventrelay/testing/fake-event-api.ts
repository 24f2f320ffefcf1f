import { ApiError, type ListOptions, type WatchEvent, type WatchOptions } from '../../../api/client/index.ts';
import type { ConfigMap } from '../../../crds/configmap/definition.ts';
import type { Event } from '../../../crds/event/definition.ts';
import type { Stored } from '../../../crds/meta/meta.ts';

export interface FakeChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: Stored<Event>;
}

/** One watch: what it was asked for, and how far it is. */
interface FakeWatch {
  readonly isShort: boolean;
  readonly signal: AbortSignal | undefined;
  /** Of the history. */
  next: number;
  revision: number;
  isOver: boolean;
}

/**
 * The part of the API that a relay uses, in memory: Events with transactions and a history that can be compacted,
 * a ConfigMap that is written by compare-and-swap. All functions are effects, one call each.
 */
export class FakeEventApi {
  readonly history: FakeChange[] = [];
  readonly events = new Map<string, Stored<Event>>();
  revision = 10;
  compactedRevision = 0;
  cursor: Stored<ConfigMap> | undefined;
  /** Told of each revision that is saved as relayed. */
  onSaved: (revision: number) => void = () => {};
  /** The next watch is cut after so many messages. */
  cutAfter: number | undefined;
  #waiting = new Set<() => void>();

  /** Writes Events at one revision; of a name that is there it is counted up. */
  commit(...names: string[]): void {
    this.revision += 1;
    for (const name of names) {
      const known = this.events.get(name);
      const object: Stored<Event> = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace: 'default', name, uid: name, resourceVersion: String(this.revision) },
        involvedObject: { kind: 'UserVM', name: 'alice' },
        count: (known?.count ?? 0) + 1,
      };
      this.events.set(name, object);
      this.#tell(known === undefined ? 'ADDED' : 'MODIFIED', object);
    }
  }

  delete(name: string): void {
    const known = this.events.get(name);
    if (known === undefined) return;
    this.revision += 1;
    this.events.delete(name);
    this.#tell('DELETED', {
      ...known,
      metadata: { ...known.metadata, resourceVersion: String(this.revision) },
    });
  }

  compact(): void {
    this.compactedRevision = this.revision;
  }

  getNamespace = async () => ({ metadata: { name: 'kube-system', uid: 'store', resourceVersion: '1' } });

  getCursor = async (): Promise<Stored<ConfigMap>> => {
    if (this.cursor === undefined) throw new ApiError('get', { code: 404, reason: 'NotFound' });
    return this.cursor;
  };

  createCursor = async (object: ConfigMap): Promise<Stored<ConfigMap>> => {
    if (this.cursor !== undefined) throw new ApiError('create', { code: 409, reason: 'AlreadyExists' });
    return this.#writeCursor(object);
  };

  updateCursor = async (object: Stored<ConfigMap>): Promise<Stored<ConfigMap>> => {
    if (this.cursor?.metadata.resourceVersion !== object.metadata.resourceVersion)
      throw new ApiError('update', { code: 409, reason: 'Conflict' });
    return this.#writeCursor(object);
  };

  listAll = async (_definition: unknown, _options: ListOptions) => ({
    items: [...this.events.values()],
    resourceVersion: String(this.revision),
    continueToken: undefined,
  });

  openWatch = async ({ resourceVersion, timeoutSeconds, signal }: WatchOptions): Promise<FakeWatch> => {
    const revision = Number(resourceVersion);
    if (revision < this.compactedRevision) throw new ApiError('watch', { code: 410, reason: 'Expired' });
    const next = this.history.findIndex((change) => change.revision > revision);
    return {
      isShort: timeoutSeconds === 1,
      signal,
      next: next === -1 ? this.history.length : next,
      revision,
      isOver: false,
    };
  };

  /** The next message; undefined at the watch's end. A short watch ends, with a bookmark, when nothing is left. */
  readWatch = async (watch: FakeWatch): Promise<WatchEvent<Event> | undefined> => {
    if (watch.isOver) return undefined;
    while (watch.next >= this.history.length && !watch.isShort) await this.#news(watch.signal);
    if (this.cutAfter === 0) {
      this.cutAfter = undefined;
      throw new Error('cut');
    }
    if (this.cutAfter !== undefined) this.cutAfter -= 1;
    const change = this.history[watch.next];
    if (change === undefined) {
      watch.isOver = true;
      return { type: 'BOOKMARK', resourceVersion: String(this.revision), isInitialEventsEnd: false };
    }
    watch.next += 1;
    return { type: change.type, object: change.object };
  };

  #tell(type: FakeChange['type'], object: Stored<Event>): void {
    this.history.push({ type, revision: this.revision, object });
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #news(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  #writeCursor(object: ConfigMap): Stored<ConfigMap> {
    this.revision += 1;
    const metadata = { name: 'cursor', uid: 'cursor', resourceVersion: String(this.revision) };
    this.cursor = { ...object, metadata };
    if (object.data?.revision !== undefined) this.onSaved(Number(object.data.revision));
    return this.cursor;
  }
}
