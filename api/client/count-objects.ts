import { z } from 'zod';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import type { ApiClient } from './api-client.ts';
import type { CallOptions } from './call-options.ts';
import { resourcePath } from './resource-path.ts';

const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

const countSchema = z.object({
  items: z.array(z.unknown()).nullable().optional(),
  metadata: z.object({ remainingItemCount: z.int().optional() }),
});

/**
 * How many objects of a kind there are in a namespace, at the newest revision. The server tells the number: the
 * metadata of one object is all that is sent, however many there are.
 * @throws ApiError, ApiUnreachableError; Error when the answer is no list
 */
export async function countObjects(
  client: Pick<ApiClient, 'request'>,
  definition: ResourceAddress,
  namespace: string,
  options: CallOptions = {},
): Promise<number> {
  const answer = await client.request({
    method: 'GET',
    path: resourcePath(definition, { namespace }),
    query: { limit: 1 },
    ...options,
    accept: METADATA_ONLY,
  });
  const parsed = countSchema.safeParse(answer);
  if (!parsed.success) {
    throw new Error(`answer is no list of ${definition.plural}: ${z.prettifyError(parsed.error)}`, {
      cause: parsed.error,
    });
  }
  const { items, metadata } = parsed.data;
  return (items ?? []).length + (metadata.remainingItemCount ?? 0);
}
