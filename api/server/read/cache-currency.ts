import { currentRevision } from '../../storage/current-revision.ts';
import type { ServerContext } from '../http/context.ts';

/** The watch is some milliseconds behind; where it is more, etcd itself is asked. */
const WAIT_MS = 250;

/**
 * Whether memory holds the newest state: etcd says, linearizably, which revision that is, and the watch brings it.
 * Source: KEP-2340, consistent reads from cache.
 * @throws StorageError
 */
export async function isCacheCurrent({ cache, kv }: ServerContext): Promise<boolean> {
  return cache.ready && cache.whenAt(await currentRevision(kv), WAIT_MS);
}
