import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';

/** Finalizers by which the API server asks for what a delete's propagation policy says. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

/** What an owner is to a dependent. */
export type OwnerState =
  /** It is there. */
  | 'solid'
  /** No object has this UID any more. */
  | 'gone'
  /** It is being deleted in the foreground and waits for this dependent. */
  | 'waiting'
  /** Nobody can tell: counts as there. */
  | 'unresolvable';

export interface ObservedOwner {
  readonly reference: OwnerReference;
  readonly state: OwnerState;
}

export type CollectionPlan =
  | { readonly action: 'keep' }
  | { readonly action: 'dropReferences'; readonly ownerReferences: readonly OwnerReference[] }
  | { readonly action: 'delete'; readonly propagationPolicy: 'Background' | 'Foreground' };

/** What becomes of a dependent, from what its owners are. See the table in README.md. */
export function planCollection(owners: readonly ObservedOwner[], hasDependents: boolean): CollectionPlan {
  if (owners.length === 0) return { action: 'keep' };
  const kept = owners.filter(({ state }) => state === 'solid' || state === 'unresolvable');
  if (kept.length === owners.length) return { action: 'keep' };
  if (kept.length > 0)
    return { action: 'dropReferences', ownerReferences: kept.map(({ reference }) => reference) };
  const isWaitedFor = owners.some(({ state }) => state === 'waiting');
  return { action: 'delete', propagationPolicy: isWaitedFor && hasDependents ? 'Foreground' : 'Background' };
}

/** The dependents that a foreground deletion of this owner waits for. */
export function blockingDependents(
  ownerUid: string,
  dependents: readonly Stored<ApiObject>[],
): readonly Stored<ApiObject>[] {
  return dependents.filter((dependent) =>
    dependent.metadata.ownerReferences?.some(
      ({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true,
    ),
  );
}
