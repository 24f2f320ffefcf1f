import type { OwnerReference } from '../../crds/meta/meta.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './ownership.ts';

/** What an owner is to a dependent. */
export type OwnerState =
  /** It is there. */
  | 'solid'
  /** No object has this UID any more. */
  | 'dangling'
  /** It is being deleted in the foreground. */
  | 'waiting'
  /** Its kind is not served, or not to us: nobody can tell. */
  | 'unresolvable'
  /** A namespaced owner of a cluster-scoped object: there can be no such owner. */
  | 'misplaced';

export interface ObservedOwner {
  readonly reference: OwnerReference;
  readonly state: OwnerState;
}

/** What a plan needs to know of an object besides its owners. */
export interface DependentFacts {
  readonly finalizers: readonly string[];
  readonly hasDependents: boolean;
}

export type CollectionPlan =
  | { readonly action: 'keep' }
  /** Look again later: an owner's kind is not served. */
  | { readonly action: 'wait' }
  | { readonly action: 'dropReferences'; readonly ownerUids: readonly string[] }
  | { readonly action: 'delete'; readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan' };

/**
 * What becomes of an object, from what its owners are. See the table in README.md.
 * Source: attemptToDeleteItem in k8s.io/kubernetes/pkg/controller/garbagecollector/garbagecollector.go
 */
export function planCollection(owners: readonly ObservedOwner[], facts: DependentFacts): CollectionPlan {
  const inState = (state: OwnerState) => owners.filter((owner) => owner.state === state);
  if (owners.length === 0 || inState('misplaced').length > 0) return { action: 'keep' };
  if (inState('unresolvable').length > 0) return { action: 'wait' };
  if (inState('solid').length > 0) {
    const leaving = owners.filter(({ state }) => state !== 'solid');
    if (leaving.length === 0) return { action: 'keep' };
    return { action: 'dropReferences', ownerUids: leaving.map(({ reference }) => reference.uid) };
  }
  if (inState('waiting').length > 0 && facts.hasDependents) {
    return { action: 'delete', propagationPolicy: 'Foreground' };
  }
  return { action: 'delete', propagationPolicy: policyOf(facts.finalizers) };
}

/** An object may say before its deletion what is to become of its dependents. */
function policyOf(finalizers: readonly string[]): 'Background' | 'Foreground' | 'Orphan' {
  if (finalizers.includes(ORPHAN_FINALIZER)) return 'Orphan';
  return finalizers.includes(FOREGROUND_FINALIZER) ? 'Foreground' : 'Background';
}
