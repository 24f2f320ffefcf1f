import { z } from 'zod';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import { apiVersionOf, type ResourceAddress } from '../../crds/meta/resource-definition.ts';
import type { ObjectList } from './call-options.ts';

const storedSchema = z.looseObject({
  kind: z.string().optional(),
  metadata: z.looseObject({ name: z.string(), uid: z.string(), resourceVersion: z.string() }),
});

const bookmarkSchema = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) });

const listSchema = z.object({
  items: z.array(z.unknown()).nullable().optional(),
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
});

/**
 * An object of the API server's answer. Its identity is checked here; its fields were validated by the server
 * that stored it, so that checking each again would only cost. `kind` and `apiVersion` are filled in, since
 * items of lists may lack them.
 * @throws Error when it is no such object
 */
export function parseObject<T extends ApiObject>(
  definition: ResourceAddress,
  body: unknown,
  isBookmark = false,
): Stored<T> {
  const parsed = (isBookmark ? bookmarkSchema : storedSchema).safeParse(body);
  if (!parsed.success) {
    throw new Error(`answer is no ${definition.kind}: ${z.prettifyError(parsed.error)}`, {
      cause: parsed.error,
    });
  }
  return {
    ...parsed.data,
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
  } as unknown as Stored<T>;
}

/** @throws Error when it is no list of such objects */
export function parseList<T extends ApiObject>(definition: ResourceAddress, body: unknown): ObjectList<T> {
  const parsed = listSchema.safeParse(body);
  if (!parsed.success) {
    throw new Error(`answer is no list of ${definition.plural}: ${z.prettifyError(parsed.error)}`, {
      cause: parsed.error,
    });
  }
  const { items, metadata } = parsed.data;
  return {
    items: (items ?? []).map((item) => parseObject<T>(definition, item)),
    resourceVersion: metadata.resourceVersion,
    continueToken: metadata.continue === '' ? undefined : metadata.continue,
  };
}
