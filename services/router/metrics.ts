import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RouteTable, RouteTarget } from './route-table.ts';

/** What holt-router tells Prometheus. */
export interface RouterMetrics {
  readonly routes: Gauge<'route' | 'state'>;
  readonly transitions: Counter<'route' | 'from' | 'to'>;
  readonly applySeconds: Histogram;
  readonly reconciles: Counter<'result'>;
  readonly driftedEntries: Counter;
  readonly endedStreams: Counter;
  readonly haproxyConnected: Gauge;
  readonly haproxyStarts: Counter;
  readonly requests: Counter<'route' | 'code' | 'reason'>;
  readonly requestSeconds: Histogram<'route'>;
  readonly unreadableLogLines: Counter;
  readonly firstRequests: Counter<'route'>;
  readonly firstRequestSeconds: Histogram<'route'>;
}

/** Registers all metrics. */
export function createRouterMetrics(registry: Registry): RouterMetrics {
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: T[] = []) =>
    new Counter<T>({ name: `holt_router_${name}`, help, labelNames, registers });
  const gauge = <T extends string>(name: string, help: string, labelNames: T[] = []) =>
    new Gauge<T>({ name: `holt_router_${name}`, help, labelNames, registers });
  const histogram = <T extends string>(name: string, help: string, buckets: number[], labelNames: T[] = []) =>
    new Histogram<T>({ name: `holt_router_${name}`, help, buckets, labelNames, registers });
  const quick = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
  const slow = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];
  return {
    routes: gauge('routes', 'Routes in the table', ['route', 'state']),
    transitions: counter('route_transitions_total', 'Changes of what a route serves', [
      'route',
      'from',
      'to',
    ]),
    applySeconds: histogram(
      'apply_seconds',
      'From a change seen to HAProxy having it, map file included',
      quick,
    ),
    reconciles: counter('reconciles_total', 'Full comparisons with what HAProxy has', ['result']),
    driftedEntries: counter('drifted_entries_total', 'Map entries that somebody else had changed'),
    endedStreams: counter('ended_streams_total', 'Streams ended because their address changed hands'),
    haproxyConnected: gauge('haproxy_connected', 'Whether the Runtime API answers'),
    haproxyStarts: counter('haproxy_starts_total', 'HAProxy processes seen'),
    requests: counter('requests_total', 'Requests by status class', ['route', 'code', 'reason']),
    requestSeconds: histogram('request_seconds', 'Time of requests answered by a sandbox', quick, ['route']),
    unreadableLogLines: counter('unreadable_log_lines_total', 'Access log lines that could not be read'),
    firstRequests: counter('first_requests_total', 'First successful requests of a boot', ['route']),
    firstRequestSeconds: histogram(
      'first_request_seconds',
      'From the route being ready to its first successful request',
      slow,
      ['route'],
    ),
  };
}

/** Counts the table's routes by state. */
export function setRouteGauge(gauge: RouterMetrics['routes'], table: RouteTable): void {
  gauge.reset();
  const counts = new Map<string, { readonly route: RouteTarget; readonly state: string; count: number }>();
  for (const { target, state } of table.values()) {
    const entry = counts.get(`${target} ${state}`) ?? { route: target, state, count: 0 };
    entry.count += 1;
    counts.set(`${target} ${state}`, entry);
  }
  for (const { route, state, count } of counts.values()) gauge.set({ route, state }, count);
}
