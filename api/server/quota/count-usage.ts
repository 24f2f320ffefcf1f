import type { Amounts } from '../../../crds/resourcequota/resource-list.ts';
import { trackedResource } from '../../../crds/resourcequota/tracked-resources.ts';
import { ExactQuantity } from '../../../lib/exact-quantity.ts';
import { listPrefix, resourcePrefix } from '../../storage/keys.ts';
import type { ServerContext } from '../http/context.ts';

/** What one resource of a namespace is taken up to, in memory. */
function countOne({ cache, catalog }: ServerContext, namespace: string, name: string): ExactQuantity {
  const tracked = trackedResource(name);
  if (tracked === undefined) return ExactQuantity.zero;
  // Any name may be written into a quota: those of no kind must not leave anything behind.
  const window = cache.knownWindow(resourcePrefix(tracked.kind));
  if (window === undefined) return ExactQuantity.zero;
  const prefix = listPrefix(tracked.kind, namespace);
  if (tracked.amountOf === undefined) return ExactQuantity.ofCount(window.count(prefix));
  const { group, version, plural } = tracked.kind;
  const resource = catalog.find(group, version, plural);
  let sum = ExactQuantity.zero;
  for (const stored of window.objects(prefix)) {
    const { object } = resource === undefined ? stored : resource.view(stored);
    sum = sum.plus(tracked.amountOf(object));
  }
  return sum;
}

/** What is taken up of each resource in a namespace, at the revision that memory has. */
export function countUsage(context: ServerContext, namespace: string, names: Iterable<string>): Amounts {
  return new Map([...names].map((name) => [name, countOne(context, namespace, name)]));
}
