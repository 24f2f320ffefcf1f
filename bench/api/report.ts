import type { Measurements } from './measurement.ts';

/** What a ratio or a figure must be at least, or at most. */
export interface Target {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A figure against its target, in words. */
export function judge(value: number, { atLeast, atMost }: Target): string {
  const isMet = value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);
  const bound = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  return `target ${bound}: ${isMet ? 'met' : 'missed'}`;
}

/** What is compared with Holt. */
export interface Comparison {
  readonly name: string;
  readonly measurements: Measurements;
  /** Of the ratio of rates, by what was measured; undefined: there is none. */
  readonly targetOf: (what: string) => Target | undefined;
}

function rateText(rate: number): string {
  return `${rate >= 100 ? rate.toFixed(0) : rate.toFixed(1)}/s`;
}

/** One line for each of Holt's measurements, with its ratio to each comparison that has the same. */
export function reportLines(own: Measurements, comparisons: readonly Comparison[]): readonly string[] {
  return [...own].map(([what, { rate, cpuUs }]) => {
    const ratios = comparisons.flatMap(({ name, measurements, targetOf }) => {
      const other = measurements.get(what);
      if (other === undefined) return [];
      const ratio = rate / other.rate;
      const target = targetOf(what);
      const verdict = target === undefined ? '' : ` (${judge(ratio, target)})`;
      return [
        `${ratio.toFixed(2)} of ${name}: ${rateText(other.rate)}, ${other.cpuUs.toFixed(0)} us CPU${verdict}`,
      ];
    });
    return [`${what}: ${rateText(rate)}, ${cpuUs.toFixed(0)} us CPU`, ...ratios].join('; ');
  });
}
