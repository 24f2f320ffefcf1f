import { StoredObject } from '../../storage/stored-object.ts';
import type { ServerContext } from '../http/context.ts';
import { notFound, resourceVersionTooLarge } from '../http/errors.ts';
import { parseResourceVersion } from '../http/query.ts';
import { keyOf, type Target } from '../http/resource.ts';

/**
 * One object: the newest, read from etcd; or, where the client takes any or a sufficiently new state, from memory.
 * @throws StatusError 404, 504 for a revision that is yet to come; StorageError
 */
export async function getObject(
  context: ServerContext,
  target: Target,
  name: string,
  query: URLSearchParams,
): Promise<StoredObject> {
  const { cache, kv } = context;
  const { definition } = target.resource;
  const key = keyOf(target, name);
  const revision = parseResourceVersion(query.get('resourceVersion'));
  if (revision !== undefined && cache.ready && cache.revision >= revision) {
    const cached = cache.get(key);
    if (cached === undefined) throw notFound(definition, name);
    return target.resource.view(cached);
  }
  const range = await kv.range({ key });
  if (revision !== undefined && range.revision < revision)
    throw resourceVersionTooLarge(revision, range.revision);
  const [item] = range.items;
  if (item === undefined) throw notFound(definition, name);
  return target.resource.view(new StoredObject(item.key, item.value, item.modRevision));
}
