import type { EtcdKv, RangeResult } from './etcd/kv.ts';
import { prefixEnd } from './keys.ts';
import { StoredObject } from './stored-object.ts';

export interface ListPageOptions {
  readonly kv: EtcdKv;
  readonly prefix: string;
  /** Most objects to return; all when absent. */
  readonly limit?: number | undefined;
  /** List as of this revision; the newest when absent. */
  readonly revision?: number | undefined;
  /** Start behind this key. */
  readonly after?: string | undefined;
  /** Takes an object in; the limit counts those only. */
  readonly matches?: (stored: StoredObject) => boolean;
}

export interface ListPage {
  readonly items: readonly StoredObject[];
  /** The revision that the whole list is of. */
  readonly revision: number;
  /** The last key that was looked at, when there is more behind it. */
  readonly continueAfter: string | undefined;
  /** Keys not yet looked at; an upper bound where `matches` is given. */
  readonly remaining: number;
}

/** One etcd answer holds at most this many objects, so that no single message is huge. */
const CHUNK_MAX = 500;

/**
 * Lists objects in key order at one revision, in chunks, until `limit` of them match or all were seen.
 * @throws StorageError of kind `compacted` when the revision is gone
 */
export async function listPage(options: ListPageOptions): Promise<ListPage> {
  const { kv, prefix, limit, matches } = options;
  const rangeEnd = prefixEnd(prefix);
  const items: StoredObject[] = [];
  let { revision, after } = options;
  for (;;) {
    const wanted = limit === undefined ? CHUNK_MAX : Math.min(CHUNK_MAX, limit - items.length);
    const chunk: RangeResult = await kv.range({
      key: after === undefined ? prefix : `${after}\0`,
      rangeEnd,
      limit: wanted,
      ...(revision === undefined ? {} : { revision }),
    });
    revision ??= chunk.revision;
    for (const { key, value, modRevision } of chunk.items) {
      const stored = new StoredObject(key, value, modRevision);
      if (matches === undefined || matches(stored)) items.push(stored);
      after = key;
    }
    const remaining = chunk.count - chunk.items.length;
    if (remaining <= 0) return { items, revision, continueAfter: undefined, remaining: 0 };
    if (limit !== undefined && items.length >= limit)
      return { items, revision, continueAfter: after, remaining };
  }
}
