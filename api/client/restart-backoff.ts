/** How long to wait before the n-th restart in a row. */
export interface RestartBackoff {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Doubles with each failure up to the maximum; half of it is random, so that many clients of a server that comes
 * back do not all come at once.
 * @param failures in a row, from 1
 * @param random yields numbers in [0, 1)
 */
export function jitteredDelayMs(failures: number, backoff: RestartBackoff, random: () => number): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 30);
  const fullMs = Math.min(backoff.baseDelayMs * 2 ** exponent, backoff.maxDelayMs);
  return fullMs / 2 + (random() * fullMs) / 2;
}
