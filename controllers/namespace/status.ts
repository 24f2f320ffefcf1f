import type { Condition } from '../../crds/meta/meta.ts';
import type { Namespace } from '../../crds/namespace/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { setCondition } from '../runtime/index.ts';
import type { EmptyingPlan } from './plan.ts';

/** Conditions and reasons of a Namespace on its way out, named as in Kubernetes. Both are negative: True is work left. */
export const NAMESPACE_CONDITIONS = {
  NamespaceContentRemaining: 'NamespaceContentRemaining',
  NamespaceFinalizersRemaining: 'NamespaceFinalizersRemaining',
} as const;

export const NAMESPACE_REASONS = {
  SomeResourcesRemain: 'SomeResourcesRemain',
  ContentRemoved: 'ContentRemoved',
  SomeFinalizersRemain: 'SomeFinalizersRemain',
  ContentHasNoFinalizers: 'ContentHasNoFinalizers',
} as const;

/** The status that tells what a Namespace's deletion waits for. */
export function statusOfEmptying(
  namespace: Namespace,
  plan: Pick<EmptyingPlan, 'remaining' | 'finalizers'>,
  clock: Pick<Clock, 'nowMs'>,
): Record<string, unknown> {
  const known = (namespace.status as { conditions?: Condition[] } | undefined)?.conditions;
  const content = setCondition(
    known,
    plan.remaining.size > 0
      ? {
          type: NAMESPACE_CONDITIONS.NamespaceContentRemaining,
          status: 'True',
          reason: NAMESPACE_REASONS.SomeResourcesRemain,
          message: `some resources are remaining: ${counts(plan.remaining)}`,
        }
      : {
          type: NAMESPACE_CONDITIONS.NamespaceContentRemaining,
          status: 'False',
          reason: NAMESPACE_REASONS.ContentRemoved,
          message: 'all content is deleted',
        },
    clock,
  );
  const conditions = setCondition(
    content,
    plan.finalizers.size > 0
      ? {
          type: NAMESPACE_CONDITIONS.NamespaceFinalizersRemaining,
          status: 'True',
          reason: NAMESPACE_REASONS.SomeFinalizersRemain,
          message: `some content has finalizers remaining: ${counts(plan.finalizers)}`,
        }
      : {
          type: NAMESPACE_CONDITIONS.NamespaceFinalizersRemaining,
          status: 'False',
          reason: NAMESPACE_REASONS.ContentHasNoFinalizers,
          message: 'no content waits for a finalizer',
        },
    clock,
  );
  return { ...namespace.status, conditions };
}

function counts(numbers: ReadonlyMap<string, number>): string {
  const names = [...numbers.keys()].sort();
  return names.map((name) => `${name} has ${numbers.get(name)}`).join(', ');
}
