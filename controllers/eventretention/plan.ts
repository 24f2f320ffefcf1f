import type { Event } from '../../crds/event/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';

/** Events are kept for so long after their last occurrence, as in Kubernetes. */
export const RETENTION_MS = 3_600_000;

/** The Events whose last occurrence is older than the retention. One without any readable time is kept. */
export function planRetention(events: readonly Stored<Event>[], nowMs: number): Stored<Event>[] {
  return events.filter((event) => {
    const lastMs = lastOccurrenceMs(event);
    return lastMs !== undefined && nowMs - lastMs > RETENTION_MS;
  });
}

function lastOccurrenceMs(event: Stored<Event>): number | undefined {
  const told = [event.lastTimestamp, event.series?.lastObservedTime, event.eventTime].flatMap(readable);
  if (told.length > 0) return Math.max(...told);
  return readable(event.metadata.creationTimestamp)[0];
}

function readable(time: string | null | undefined): number[] {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? [] : [ms];
}
