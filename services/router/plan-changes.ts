import type { MapChange, MapContents } from './haproxy-map.ts';
import { decodeRoute, encodeRoute, type Route, type RouteTable } from './route-table.ts';

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
  const released = releasedAddresses(actual, desired);
  const withdraw: MapChange[] = [];
  const admit: MapChange[] = [];
  for (const key of actual.entries.keys()) if (!desired.has(key)) withdraw.push({ key, value: undefined });
  for (const [key, route] of desired) {
    const value = encodeRoute(route);
    const present = actual.entries.get(key);
    if (present === value) continue;
    if (route.state !== 'ready') {
      withdraw.push({ key, value });
      continue;
    }
    const before = present === undefined ? undefined : decodeRoute(key, present);
    if (before !== undefined && released.has(before.ip)) {
      withdraw.push({ key, value: encodeRoute({ ...route, state: 'vm-starting' }) });
    }
    admit.push({ key, value });
  }
  return { withdraw, releasedAddresses: [...released], admit };
}

/** Addresses whose holder is another than before: another VM, another boot of it, or nobody. */
function releasedAddresses(actual: MapContents, desired: RouteTable): ReadonlySet<string> {
  const holders = new Map<string, string>();
  for (const route of desired.values()) holders.set(route.ip, holder(route));
  const released = new Set<string>();
  for (const [key, value] of actual.entries) {
    const before = decodeRoute(key, value);
    if (before === undefined || before.ip === '') continue;
    if (holders.get(before.ip) !== holder(before)) released.add(before.ip);
  }
  return released;
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
    if (previous === undefined || encodeRoute(previous) !== encodeRoute(route)) {
      transitions.push({ before: previous, after: route });
    }
  }
  for (const [key, route] of before)
    if (!after.has(key)) transitions.push({ before: route, after: undefined });
  return transitions;
}
