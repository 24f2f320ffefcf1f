import { humanDuration } from './human-duration.ts';

/** Time since an RFC 3339 timestamp as kubectl prints it; `<unknown>` where there is none. */
export function ageOf(timestamp: unknown, nowMs: number): string {
  const atMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(atMs) ? '<unknown>' : humanDuration(nowMs - atMs);
}
