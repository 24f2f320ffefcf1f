import type { EtcdKv } from './etcd/kv.ts';
import { ROOT_PREFIX } from './keys.ts';

/**
 * etcd's newest revision, linearizable: every write that was acknowledged before is of it or of an earlier one. It
 * comes with any answer, so a key that is not there is asked for: a count would walk the whole index.
 * @throws StorageError
 */
export async function currentRevision(kv: EtcdKv): Promise<number> {
  return (await kv.range({ key: ROOT_PREFIX })).revision;
}
