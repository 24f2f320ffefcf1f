import { createHash } from 'node:crypto';
import type { GuestImageSpec } from '../../crds/guestimage/definition.ts';
import { type RolloutSpec, rolloutSpecSchema } from '../../crds/guestimage/rollout.ts';

/** How a GuestImage is rolled out, with counts for the VMs that there are. */
export interface RolloutPolicy extends Omit<RolloutSpec, 'maxUnavailable' | 'maxFailed'> {
  /** At least 1: none at all would mean that nothing is ever rolled out. */
  readonly maxUnavailable: number;
  readonly maxFailed: number;
  /** How many VMs may be given the artifact, canaries aside. */
  readonly count: number;
}

/** The policy of a spec over `total` VMs; what it leaves out has the schema's defaults. */
export function policyOf(spec: GuestImageSpec, total: number): RolloutPolicy {
  const rollout = rolloutSpecSchema.parse(spec.rollout ?? {});
  return {
    ...rollout,
    maxUnavailable: Math.max(1, countOf(rollout.maxUnavailable, total)),
    maxFailed: countOf(rollout.maxFailed, total),
    count: Math.ceil((total * rollout.percentage) / 100),
  };
}

function countOf(value: number | string, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((total * Number.parseInt(value, 10)) / 100);
}

/** Tells one try of an artifact from another: of all but what only holds the rollout up, or says how much to keep. */
export function attemptOf(spec: GuestImageSpec): string {
  const { paused: _, historyLimit: __, ...rollout } = rolloutSpecSchema.parse(spec.rollout ?? {});
  const text = JSON.stringify([spec.digest, Object.entries(rollout).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
