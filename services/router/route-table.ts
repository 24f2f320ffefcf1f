import { ROUTE_REASONS, type RouteReason } from './reasons.ts';

export const ROUTE_TARGETS = ['live', 'dev'] as const;
/** `/` leads to the live container, `/dev` and below to the dev container. */
export type RouteTarget = (typeof ROUTE_TARGETS)[number];

/** What a route says; `makeRoute` makes a Route of it. */
export interface RouteFields {
  readonly user: string;
  readonly target: RouteTarget;
  readonly state: 'ready' | RouteReason;
  /** Stable id of the VM; empty before it has one. */
  readonly vmId: string;
  /** The VM's address while it holds one, ready or not: who holds it decides which connections may live. */
  readonly ip: string;
  /** Name of the SandboxContainer; empty where none is declared. */
  readonly containerName: string;
  /** The guest kernel's boot; empty before the first. */
  readonly bootId: string;
}

/** One route: where a user's requests for one target go, or why they go nowhere. Equal values are equal routes. */
export interface Route extends RouteFields {
  /** The value in HAProxy's map. */
  readonly value: string;
}

/** All routes by `routeKey`. A user without a VM has none. */
export type RouteTable = ReadonlyMap<string, Route>;

/** The key of a route in HAProxy's map. */
export function routeKey(user: string, target: RouteTarget): string {
  return `${user}/${target}`;
}

/** Between the fields of a map value; HAProxy's `field` converter splits there. In none of the fields. */
export const FIELD_SEPARATOR = '|';

/**
 * Completes a route with its map value: the fields in the order that the configuration of HAProxy reads them.
 * @throws RangeError when a field holds what the Runtime API could read as the end of a word or command
 */
export function makeRoute(fields: RouteFields): Route {
  const { user, target, state, vmId, ip, containerName, bootId } = fields;
  const words = [state, vmId, ip, containerName, bootId];
  const value = words.join(FIELD_SEPARATOR);
  if (!/^[A-Za-z0-9._-]*(?:\|[A-Za-z0-9._-]*){4}$/.test(value)) {
    throw new RangeError(`not allowed in a route: ${JSON.stringify(value)}`);
  }
  return { user, target, state, vmId, ip, containerName, bootId, value };
}

const isState = (text: string): text is Route['state'] =>
  text === 'ready' || (ROUTE_REASONS as readonly string[]).includes(text);

/** Reads a map entry; undefined when it is none that `makeRoute` made. */
export function decodeRoute(key: string, value: string): Route | undefined {
  const [user, target, ...restOfKey] = key.split('/');
  const [state, vmId, ip, containerName, bootId, ...rest] = value.split(FIELD_SEPARATOR);
  if (user === undefined || user === '' || (target !== 'live' && target !== 'dev')) return undefined;
  if (state === undefined || !isState(state) || restOfKey.length > 0 || rest.length > 0) return undefined;
  if (vmId === undefined || ip === undefined || containerName === undefined || bootId === undefined)
    return undefined;
  return { user, target, state, vmId, ip, containerName, bootId, value };
}
