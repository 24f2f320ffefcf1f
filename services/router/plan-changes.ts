import type { MapChange, MapContents } from './haproxy-map.ts';
import { decodeRoute, makeRoute, type Route, type RouteTable } from './route-table.ts';

/** What leads from the routes that HAProxy has to those it should have, in this order. */
export interface RouteChanges {
  /** Entries that stop serving, or serve nothing yet: first. */
  readonly withdraw: readonly MapChange[];
  /** Addresses that changed hands: every connection to them ends before anybody is sent there again. */
  readonly releasedAddresses: readonly string[];
  /** Entries that serve: last. */
  readonly admit: readonly MapChange[];
}

/** A change of what is served, for log and metric. */
export interface RouteTransition {
  readonly before: Route | undefined;
  readonly after: Route | undefined;
}

/**
 * Plans the changes. `actual` may hold anything: what is no route is withdrawn. A route whose present address
 * changes hands is withdrawn first, even where it goes on at another address.
 */
export function planChanges(actual: MapContents, desired: RouteTable): RouteChanges {
  const changed = [...desired].filter(([key, route]) => actual.entries.get(key) !== route.value);
  const gone = [...actual.entries.keys()].filter((key) => !desired.has(key));
  const released = releasedAddresses([...gone, ...changed.map(([key]) => key)], actual, desired);
  const withdraw: MapChange[] = gone.map((key) => ({ key, value: undefined }));
  const admit: MapChange[] = [];
  for (const [key, route] of changed) {
    if (route.state !== 'ready') {
      withdraw.push({ key, value: route.value });
      continue;
    }
    if (released.has(presentRoute(key, actual)?.ip ?? '')) {
      withdraw.push({ key, value: makeRoute({ ...route, state: 'vm-starting' }).value });
    }
    admit.push({ key, value: route.value });
  }
  return { withdraw, releasedAddresses: [...released], admit };
}

function presentRoute(key: string, actual: MapContents): Route | undefined {
  const value = actual.entries.get(key);
  return value === undefined ? undefined : decodeRoute(key, value);
}

/** Addresses whose holder is another than before: another VM, another boot of it, or nobody. */
function releasedAddresses(
  keys: readonly string[],
  actual: MapContents,
  desired: RouteTable,
): ReadonlySet<string> {
  const before = keys.flatMap((key) => presentRoute(key, actual) ?? []).filter(({ ip }) => ip !== '');
  if (before.length === 0) return new Set();
  const holders = new Map<string, string>();
  for (const route of desired.values()) holders.set(route.ip, holder(route));
  return new Set(before.filter((route) => holders.get(route.ip) !== holder(route)).map(({ ip }) => ip));
}

const holder = (route: Route): string => `${route.user} ${route.vmId} ${route.bootId}`;

/** Nothing to do. */
export function isUnchanged(changes: RouteChanges): boolean {
  return changes.withdraw.length + changes.admit.length + changes.releasedAddresses.length === 0;
}

/** What changes for users, by `routeKey`; a change of the container's name alone is one too. */
export function listTransitions(before: RouteTable, after: RouteTable): readonly RouteTransition[] {
  const transitions: RouteTransition[] = [];
  for (const [key, route] of after) {
    const previous = before.get(key);
    if (previous?.value !== route.value) {
      transitions.push({ before: previous, after: route });
    }
  }
  for (const [key, route] of before)
    if (!after.has(key)) transitions.push({ before: route, after: undefined });
  return transitions;
}
