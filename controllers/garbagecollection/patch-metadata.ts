import { isConflict, isNotFound } from '../../api/client/index.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { Seen } from './graph-node.ts';
import type { MetadataClient } from './metadata-client.ts';

/** Attempts before the queue's back-off takes over. */
export const ATTEMPTS_MAX = 5;

/** Fields of `metadata` to merge in; undefined: the object is already as wanted. */
export type MetadataChange = (object: Stored<ApiObject>) => Readonly<Record<string, unknown>> | undefined;

/**
 * Changes an object's metadata only as it was seen: UID and resourceVersion are preconditions, and where somebody
 * else wrote meanwhile the change is made anew from what is there now.
 * @returns the object as it is then; undefined when it is gone
 * @throws ApiError, ApiUnreachableError
 */
export async function patchMetadata(
  client: Pick<MetadataClient, 'get' | 'patch'>,
  { resource, object }: Seen,
  change: MetadataChange,
  signal: AbortSignal,
): Promise<Stored<ApiObject> | undefined> {
  const { namespace, name, uid } = object.metadata;
  let current = object;
  for (let attempt = 1; ; attempt += 1) {
    const fields = change(current);
    if (fields === undefined) return current;
    const { resourceVersion } = current.metadata;
    try {
      return await client.patch(
        resource,
        { namespace, name },
        { ...fields, uid, resourceVersion },
        { signal },
      );
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isConflict(error) || attempt === ATTEMPTS_MAX) throw error;
    }
    const found = await readAgain(client, { resource, object }, signal);
    if (found === undefined) return undefined;
    current = found;
  }
}

/** The object as the API server has it now; undefined when it is gone, also when another has its name. */
export async function readAgain(
  client: Pick<MetadataClient, 'get'>,
  { resource, object }: Seen,
  signal: AbortSignal,
): Promise<Stored<ApiObject> | undefined> {
  const { namespace, name, uid } = object.metadata;
  try {
    const found = await client.get(resource, { namespace, name }, { signal });
    return found.metadata.uid === uid ? found : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Takes references to owners away. */
export function withoutOwners(ownerUids: readonly string[]): MetadataChange {
  return ({ metadata: { ownerReferences = [] } }) => {
    const kept = ownerReferences.filter(({ uid }) => !ownerUids.includes(uid));
    if (kept.length === ownerReferences.length) return undefined;
    return { ownerReferences: kept.length === 0 ? null : kept };
  };
}

/** Lets no owner wait for the object. */
export const unblocked: MetadataChange = ({ metadata: { ownerReferences = [] } }) => {
  if (!ownerReferences.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)) return undefined;
  return {
    ownerReferences: ownerReferences.map((reference) =>
      reference.blockOwnerDeletion === true ? { ...reference, blockOwnerDeletion: false } : reference,
    ),
  };
};

/** Takes a finalizer away. */
export function withoutFinalizer(finalizer: string): MetadataChange {
  return ({ metadata: { finalizers = [] } }) => {
    const kept = finalizers.filter((each) => each !== finalizer);
    return kept.length === finalizers.length ? undefined : { finalizers: kept };
  };
}
