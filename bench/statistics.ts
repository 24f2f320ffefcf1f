/**
 * The value below which `percent` % of the samples lie (nearest rank).
 * @throws RangeError when there is no sample
 */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('percentile of no samples');
  return value;
}

/** `p50 1.2  p95 3.4  p99 5.6`, in the samples' own unit. */
export function formatPercentiles(samples: readonly number[]): string {
  return [50, 95, 99].map((percent) => `p${percent} ${percentile(samples, percent).toFixed(2)}`).join('  ');
}
