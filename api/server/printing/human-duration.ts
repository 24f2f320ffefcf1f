const SECOND_MS = 1_000;
const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_H = 24;
const YEAR_H = 24 * 365;

/** Clocks of two machines may differ by this much before an age counts as wrong. */
const SKEW_TOLERANCE_S = 2;

/** `5` and `30`: `5m30s`; `5` and `0`: `5m`. */
function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;
}

/**
 * A duration with two or three significant figures, as kubectl prints ages: `45s`, `5m30s`, `3d2h`, `1y20d`.
 * Source of the steps: k8s.io/apimachinery/pkg/util/duration
 */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / SECOND_MS);
  if (seconds <= -SKEW_TOLERANCE_S) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * MINUTE_S) return `${seconds}s`;
  const minutes = Math.floor(seconds / MINUTE_S);
  if (minutes < 10) return pair(minutes, 'm', seconds % MINUTE_S, 's');
  if (minutes < 3 * MINUTE_S) return `${minutes}m`;
  return humanHours(Math.floor(seconds / HOUR_S), minutes % MINUTE_S);
}

function humanHours(hours: number, minutesRest: number): string {
  const days = Math.floor(hours / DAY_H);
  if (hours < 8) return pair(hours, 'h', minutesRest, 'm');
  if (hours < 2 * DAY_H) return `${hours}h`;
  if (hours < 8 * DAY_H) return pair(days, 'd', hours % DAY_H, 'h');
  if (hours < 2 * YEAR_H) return `${days}d`;
  const years = Math.floor(hours / YEAR_H);
  return hours < 8 * YEAR_H ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}
