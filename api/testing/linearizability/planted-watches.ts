import type { AnomalyKind } from './anomaly.ts';
import type { WatchedEvent } from './check-watch.ts';

type Events = readonly WatchedEvent[];

/** Replaces two events in the middle by what `change` makes of them. */
function withTwo(events: Events, change: (one: WatchedEvent, next: WatchedEvent) => Events): Events {
  const at = Math.floor(events.length / 2);
  const [one, next] = events.slice(at, at + 2);
  if (one === undefined || next === undefined) return events;
  return [...events.slice(0, at), ...change(one, next), ...events.slice(at + 2)];
}

/** A way in which a watch could be wrong, and how the check must name it. */
export interface PlantedWatchBug {
  readonly name: string;
  readonly caughtAs: AnomalyKind;
  readonly plant: (events: Events) => Events;
}

/** Each makes one wrong stream of a right one. */
export const PLANTED_WATCH_BUGS: readonly PlantedWatchBug[] = [
  {
    name: 'watch that misses an event',
    caughtAs: 'watch-missing',
    plant: (events) => withTwo(events, (_, next) => [next]),
  },
  {
    name: 'watch that repeats an event',
    caughtAs: 'watch-duplicate',
    plant: (events) => withTwo(events, (one, next) => [one, one, next]),
  },
  {
    name: 'watch out of order',
    caughtAs: 'watch-order',
    plant: (events) => withTwo(events, (one, next) => [next, one]),
  },
  {
    name: 'watch of what never was',
    caughtAs: 'watch-content',
    plant: (events) =>
      withTwo(events, (one, next) => [one, { ...one, object: { ...one.object, revision: 1 } }, next]),
  },
  {
    name: 'deletion told with another object',
    caughtAs: 'watch-content',
    plant: (events) =>
      events.map((event) =>
        event.type === 'DELETED' ? { ...event, object: { ...event.object, content: {} } } : event,
      ),
  },
  {
    name: 'creation told as a change',
    caughtAs: 'watch-content',
    plant: (events) =>
      events.map((event) => (event.type === 'ADDED' ? { ...event, type: 'MODIFIED' } : event)),
  },
];
