import type { Event } from '../../crds/event/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';

/** Events are kept for so long after their last occurrence, as in Kubernetes. */
export const RETENTION_MS = 3_600_000;

/** Those that are not relayed yet are kept for so long: a relay that never goes on must not fill the store. */
export const UNRELAYED_RETENTION_MS = 6 * RETENTION_MS;

export interface RetentionPlan {
  readonly toDelete: readonly Stored<Event>[];
  /** Too old, and kept since they are not relayed yet. */
  readonly held: readonly Stored<Event>[];
  /** How many of those to delete are not relayed: they waited for too long. */
  readonly givenUpCount: number;
}

/**
 * The Events whose last occurrence is older than the retention. One without any readable time is kept.
 * @param relayedRevision what is newer was not relayed yet; Infinity where nothing is relayed
 */
export function planRetention(
  events: readonly Stored<Event>[],
  nowMs: number,
  relayedRevision: number,
): RetentionPlan {
  const toDelete: Stored<Event>[] = [];
  const held: Stored<Event>[] = [];
  let givenUpCount = 0;
  for (const event of events) {
    const lastMs = lastOccurrenceMs(event);
    if (lastMs === undefined || nowMs - lastMs <= RETENTION_MS) continue;
    const isRelayed = Number(event.metadata.resourceVersion) <= relayedRevision;
    const isDue = isRelayed || nowMs - lastMs > UNRELAYED_RETENTION_MS;
    (isDue ? toDelete : held).push(event);
    if (isDue && !isRelayed) givenUpCount += 1;
  }
  return { toDelete, held, givenUpCount };
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
