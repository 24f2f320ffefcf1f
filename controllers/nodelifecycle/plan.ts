/** A Lease that was not renewed for so long: the node's state is unknown. Nodes renew every 10 s. */
export const GRACE_MS = 40_000;

/** The last part of the grace must be confirmed by the API server itself, not by the cache. */
export const CONFIRM_MS = 10_000;

/** From this age on the API server is asked. */
export const SUSPECT_MS = GRACE_MS - CONFIRM_MS;

/** Between two confirmations. */
export const CONFIRM_PERIOD_MS = 2_500;

export interface HealthInput {
  /** Since the Lease was last seen to change. */
  readonly leaseAgeMs: number;
  /** For how long the API server has confirmed, without an outage, that it is overdue; undefined: not at all. */
  readonly confirmedForMs: number | undefined;
  /** The Ready condition already is our Unknown. */
  readonly isMarkedUnknown: boolean;
}

export type HealthPlan =
  /** Look again in so long. */
  | { readonly action: 'wait'; readonly delayMs: number }
  | { readonly action: 'markUnknown' }
  /** The node heartbeats again. */
  | { readonly action: 'markReady' };

export function planHealth(input: HealthInput): HealthPlan {
  const { leaseAgeMs, confirmedForMs, isMarkedUnknown } = input;
  if (leaseAgeMs < SUSPECT_MS) {
    return isMarkedUnknown ? { action: 'markReady' } : { action: 'wait', delayMs: SUSPECT_MS - leaseAgeMs };
  }
  // Only a new Lease brings it back, and that wakes us.
  if (isMarkedUnknown) return { action: 'wait', delayMs: GRACE_MS };
  const leftMs = Math.max(GRACE_MS - leaseAgeMs, CONFIRM_MS - (confirmedForMs ?? 0));
  return leftMs <= 0
    ? { action: 'markUnknown' }
    : { action: 'wait', delayMs: Math.min(leftMs, CONFIRM_PERIOD_MS) };
}
