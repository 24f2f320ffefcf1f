import type { DeleteOptions, PropagationPolicy } from './delete-options.ts';

/** The finalizers that hold an owner until the garbage collector has seen to its dependents. */
const FINALIZER_OF: Readonly<Partial<Record<PropagationPolicy, string>>> = {
  Orphan: 'orphan',
  Foreground: 'foregroundDeletion',
};

type Asked = Pick<DeleteOptions, 'propagationPolicy' | 'orphanDependents'>;

function policyOf(asked: Asked, finalizers: readonly string[]): PropagationPolicy {
  if (asked.orphanDependents !== undefined) return asked.orphanDependents ? 'Orphan' : 'Background';
  if (asked.propagationPolicy !== undefined) return asked.propagationPolicy;
  if (finalizers.includes('orphan')) return 'Orphan';
  return finalizers.includes('foregroundDeletion') ? 'Foreground' : 'Background';
}

/**
 * The finalizers that an object has once it is deleted so; a later delete may change the mind of an earlier one.
 * Source: deletionFinalizersForGarbageCollection in k8s.io/apiserver/pkg/registry/generic/registry/store.go
 */
export function deletionFinalizers(asked: Asked, finalizers: readonly string[]): readonly string[] {
  const own = FINALIZER_OF[policyOf(asked, finalizers)];
  const others = finalizers.filter((each) => each !== 'orphan' && each !== 'foregroundDeletion');
  const next = own === undefined ? others : [...others, own];
  const isSame = next.length === finalizers.length && next.every((each) => finalizers.includes(each));
  return isSame ? finalizers : next;
}
