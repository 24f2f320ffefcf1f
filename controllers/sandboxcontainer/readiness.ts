/** Where a container's readiness stands. */
export interface Readiness {
  readonly isReady: boolean;
  /** Results in a row that speak against `isReady`. */
  readonly streak: number;
  /** Why the last probe failed; undefined after a success or before the first. */
  readonly lastFailure: string | undefined;
  /** It failed often enough to be told so, not only pending. */
  readonly isFailing: boolean;
}

export interface Thresholds {
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export const NOT_PROBED: Readiness = { isReady: false, streak: 0, lastFailure: undefined, isFailing: false };

/**
 * Readiness after one more probe, with the thresholds as Kubernetes counts them: ready after `successThreshold`
 * successes in a row, not ready after `failureThreshold` failures in a row.
 * @param failure undefined: the probe passed
 */
export function afterProbe(
  before: Readiness,
  failure: string | undefined,
  thresholds: Thresholds,
): Readiness {
  const passed = failure === undefined;
  // Before the first readiness, failures are counted as well, so that the condition can say that it fails.
  const counts = passed !== before.isReady || (!before.isReady && !passed);
  const isSameKind = passed === (before.lastFailure === undefined);
  const streak = counts ? (isSameKind ? before.streak : 0) + 1 : 0;
  if (passed) {
    const isReady = before.isReady || streak >= thresholds.successThreshold;
    return { isReady, streak: isReady ? 0 : streak, lastFailure: undefined, isFailing: false };
  }
  const isDown = streak >= thresholds.failureThreshold;
  return {
    isReady: before.isReady && !isDown,
    streak: isDown && before.isReady ? 0 : streak,
    lastFailure: failure,
    isFailing: isDown || before.isFailing,
  };
}
