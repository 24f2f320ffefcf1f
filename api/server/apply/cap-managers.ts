import { union } from './field-set.ts';
import { managerId } from './managed-entries.ts';
import type { ManagedSet, Managers } from './managers.ts';

/** So many managers may own fields by updates; what the longest silent ones own is thrown together. */
export const UPDATE_MANAGERS_MAX = 10;
const BUCKET = 'ancient-changes';

/**
 * Throws the oldest updates together, one entry an API version, until there are few enough.
 * @param timeOf when a manager last changed something; '' where that is not known
 * @returns the managers, and the times of the entries that were made
 * Source: k8s.io/apimachinery/pkg/util/managedfields/internal/capmanagers.go
 */
export function capManagers(
  managers: Managers,
  timeOf: (id: string) => string,
): { managers: Managers; times: ReadonlyMap<string, string> } {
  const updaters = [...managers].filter(([, { applied }]) => !applied).map(([id]) => id);
  let count = updaters.length;
  if (count <= UPDATE_MANAGERS_MAX) return { managers, times: new Map() };
  const key = (id: string) => `${timeOf(id)} ${id}`;
  updaters.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const result = new Map<string, ManagedSet>(managers);
  const times = new Map<string, string>();
  const firstOfVersion = new Map<string, string>();
  for (const id of updaters) {
    if (count <= UPDATE_MANAGERS_MAX) break;
    const managed = result.get(id);
    if (managed === undefined) continue;
    const { apiVersion } = managed;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, id);
      continue;
    }
    const bucket = managerId({ manager: BUCKET, operation: 'Update', apiVersion, subresource: '' });
    const held = result.get(bucket) ?? result.get(first);
    if (!result.has(bucket)) result.delete(first);
    result.delete(id);
    result.set(bucket, { ...managed, set: union(held?.set ?? {}, managed.set) });
    times.set(bucket, timeOf(id));
    count -= 1;
  }
  return { managers: result, times };
}
