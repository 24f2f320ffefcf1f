import { type ApiClient, countObjects, isNotFound } from '../../api/client/index.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { isScoped, type ResourceQuota } from '../../crds/resourcequota/definition.ts';
import type { Amounts } from '../../crds/resourcequota/resource-list.ts';
import {
  type KindName,
  type TrackedResource,
  trackedResource,
} from '../../crds/resourcequota/tracked-resources.ts';
import { ExactQuantity } from '../../lib/exact-quantity.ts';

export interface UsageDependencies {
  readonly client: Pick<ApiClient, 'listAll' | 'request'>;
  /** Where the objects of a kind are to be had; undefined where it is not served. */
  readonly addressOf: (kind: KindName) => ResourceAddress | undefined;
}

async function countOf(
  { client }: UsageDependencies,
  address: ResourceAddress,
  namespace: string,
  signal: AbortSignal,
): Promise<ExactQuantity> {
  try {
    return ExactQuantity.ofCount(await countObjects(client, address, namespace, { signal }));
  } catch (error) {
    // The kind is served no more: it has no objects.
    if (isNotFound(error)) return ExactQuantity.zero;
    throw error;
  }
}

function sumOf(objects: readonly ApiObject[], amountOf: (object: ApiObject) => ExactQuantity): ExactQuantity {
  return objects.reduce<ExactQuantity>((sum, object) => sum.plus(amountOf(object)), ExactQuantity.zero);
}

/**
 * What a namespace has now of everything that a quota limits, from the API server itself: of no earlier revision than
 * the quota that was read before. A cache could be behind it, and then miss what the quota was just charged for.
 */
export async function observeUsage(
  dependencies: UsageDependencies,
  quota: ResourceQuota,
  signal: AbortSignal,
): Promise<Amounts> {
  const { namespace = '' } = quota.metadata;
  const lists = new Map<string, Promise<readonly ApiObject[]>>();
  const objectsOf = (definition: ResourceAddress) => {
    const list =
      lists.get(definition.plural) ??
      dependencies.client.listAll(definition, { namespace, signal }).then(({ items }) => items);
    lists.set(definition.plural, list);
    return list;
  };
  const usedOf = async (tracked: TrackedResource | undefined): Promise<ExactQuantity> => {
    if (tracked === undefined || isScoped(quota)) return ExactQuantity.zero;
    if (tracked.amountOf !== undefined) return sumOf(await objectsOf(tracked.kind), tracked.amountOf);
    const address = dependencies.addressOf(tracked.kind);
    if (address?.namespaced !== true) return ExactQuantity.zero;
    return countOf(dependencies, address, namespace, signal);
  };
  const names = Object.keys(quota.spec?.hard ?? {});
  return new Map(
    await Promise.all(names.map(async (name) => [name, await usedOf(trackedResource(name))] as const)),
  );
}
