import { z } from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 };

/**
 * A span of time in whole hours, minutes and seconds, as Go writes it: `24h`, `1h30m0s`, `0s`.
 * Source: metav1.Duration, time.ParseDuration of Go, whose fractions and smaller units nothing here needs.
 */
export const durationText = z
  .string()
  .max(32)
  .regex(/^(\d{1,6}[hms]){1,3}$/, 'must be a duration such as "24h", "1h30m" or "0s"');

/**
 * The milliseconds that a duration stands for.
 * @throws RangeError when it is none
 */
export function parseDurationMs(text: string): number {
  if (!durationText.safeParse(text).success) throw new RangeError(`not a duration: ${JSON.stringify(text)}`);
  return [...text.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, digits, unit = '']) => sum + Number(digits) * (UNIT_MS[unit] ?? 0),
    0,
  );
}
