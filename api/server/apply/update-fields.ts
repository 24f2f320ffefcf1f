import { isSameComparison } from './compare.ts';
import { difference, isEmptySet, isSubset, union } from './field-set.ts';
import type { ManagedSet, Managers } from './managers.ts';
import { reconciledManagers } from './prune-applied.ts';
import { type Change, comparisonsOf, takeOver } from './take-over.ts';

/** Who owns what, and whether the manager itself changed or added something. */
export interface UpdatedFields {
  readonly managers: Managers;
  readonly acted: boolean;
}

/**
 * Who owns what after a create, an update or a patch: the manager owns what it changed or added, nobody what it removed.
 * The managers are the very same where the change touches no field.
 * Source: Updater.Update in sigs.k8s.io/structured-merge-diff merge/update.go
 */
export function updateFields(managers: Managers, change: Change, manager: string): UpdatedFields {
  const comparisonOf = comparisonsOf(change);
  const own = comparisonOf(change.apiVersion);
  if (own === undefined) return { managers, acted: false };
  const known = reconciledManagers(managers, change.typeOf);
  if (
    isSameComparison(own) &&
    [...known.values()].every(({ apiVersion }) => apiVersion === change.apiVersion)
  ) {
    return { managers: known, acted: false };
  }
  const changed = union(own.modified, own.added);
  const previous = known.get(manager);
  const result = takeOver(known, {
    comparisonOf,
    manager: isEmptySet(changed) ? undefined : manager,
    force: true,
  });
  if (isEmptySet(changed)) return { managers: result, acted: false };
  const kept = previous === undefined ? {} : difference(previous.set, own.removed);
  // The very set that was there, where it has all that changed: it need not be written out anew.
  const isKnown = isSubset(changed, kept);
  const set = isKnown ? kept : union(kept, changed);
  const managed: ManagedSet = { set, apiVersion: change.apiVersion, applied: false };
  result.set(manager, managed);
  return { managers: result, acted: true };
}
