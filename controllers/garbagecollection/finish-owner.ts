import type { GraphNode, Seen } from './graph-node.ts';
import type { MetadataClient } from './metadata-client.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './ownership.ts';
import { patchMetadata, withoutFinalizer, withoutOwners } from './patch-metadata.ts';

/** Dependents of one owner that are patched at once. */
const PATCHES_MAX = 16;

/**
 * Takes the references to an owner out of all its dependents, those that come meanwhile too, and then lets it go.
 * @throws ApiError, ApiUnreachableError: whoever was not done is done at the next attempt
 */
export async function orphanDependents(
  client: Pick<MetadataClient, 'get' | 'patch'>,
  owner: GraphNode,
  seen: Seen,
  signal: AbortSignal,
): Promise<void> {
  const done = new Set<GraphNode>();
  for (;;) {
    const rest = [...owner.dependents].filter((dependent) => !done.has(dependent));
    if (rest.length === 0) break;
    const worker = async () => {
      for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
        done.add(next);
        if (next.seen !== undefined)
          await patchMetadata(client, next.seen, withoutOwners([owner.uid]), signal);
      }
    };
    await Promise.all(Array.from({ length: PATCHES_MAX }, worker));
  }
  await patchMetadata(client, seen, withoutFinalizer(ORPHAN_FINALIZER), signal);
}

/** Lets an owner go whose blocking dependents are gone. @throws ApiError, ApiUnreachableError */
export async function finishForeground(
  client: Pick<MetadataClient, 'get' | 'patch'>,
  seen: Seen,
  signal: AbortSignal,
): Promise<void> {
  await patchMetadata(client, seen, withoutFinalizer(FOREGROUND_FINALIZER), signal);
}
