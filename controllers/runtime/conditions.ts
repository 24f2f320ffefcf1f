import type { Condition } from '../../crds/meta/meta.ts';
import type { Clock } from '../../lib/clock.ts';

export type ConditionUpdate = Omit<Condition, 'lastTransitionTime'>;

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * A new list with one condition set. lastTransitionTime moves only when the status flips, so that it says since
 * when; order is kept, so that an unchanged list compares equal.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  update: ConditionUpdate,
  clock: Pick<Clock, 'nowMs'>,
): Condition[] {
  const known = findCondition(conditions, update.type);
  const lastTransitionTime =
    known?.status === update.status ? known.lastTransitionTime : formatTime(clock.nowMs());
  const next: Condition = { ...update, lastTransitionTime };
  if (known === undefined) return [...(conditions ?? []), next];
  return (conditions ?? []).map((condition) => (condition.type === update.type ? next : condition));
}

/** metav1.Time: RFC 3339 in whole seconds. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** metav1.MicroTime. */
export function formatMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, '000Z');
}
