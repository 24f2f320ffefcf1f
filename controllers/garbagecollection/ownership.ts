import type { ApiObject, OwnerReference } from '../../crds/meta/meta.ts';

/** Finalizers by which the API server asks for what a delete's propagation policy says. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

export function ownersOf(object: ApiObject | undefined): readonly OwnerReference[] {
  return object?.metadata.ownerReferences ?? [];
}

export function isBeingDeleted(object: ApiObject | undefined): boolean {
  return object?.metadata.deletionTimestamp !== undefined;
}

function isHeldBy(object: ApiObject | undefined, finalizer: string): boolean {
  return isBeingDeleted(object) && object?.metadata.finalizers?.includes(finalizer) === true;
}

/** It is being deleted in the foreground: its blocking dependents go first. */
export function isWaitingForDependents(object: ApiObject | undefined): boolean {
  return isHeldBy(object, FOREGROUND_FINALIZER) && !isOrphaning(object);
}

/** It is being deleted, and its dependents are to stay. */
export function isOrphaning(object: ApiObject | undefined): boolean {
  return isHeldBy(object, ORPHAN_FINALIZER);
}

/** Whether a foreground deletion of the owner waits for the object. */
export function isBlocking(object: ApiObject | undefined, ownerUid: string): boolean {
  return ownersOf(object).some(
    ({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true,
  );
}
