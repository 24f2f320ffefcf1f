import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ObserveEtcd } from '../../storage/etcd/kv.ts';

export type RequestKind = 'read' | 'write' | 'watch';

/** What holt-api measures of itself. */
export interface ServerMetrics {
  readonly registry: Registry;
  readonly requestDuration: Histogram<'verb' | 'resource' | 'subresource' | 'code'>;
  /** Requests that are being answered; whoever begins or ends one counts it here. */
  readonly requestsInFlight: Record<RequestKind, number>;
  readonly watchers: Gauge<'resource'>;
  /** Counts events sent to watchers of a resource: asked once a watch, told of each event. */
  readonly watchEventsOf: (resource: string) => (count: number) => void;
  readonly authenticationAttempts: Counter<'method' | 'result'>;
  readonly auditEvents: Counter<'level'>;
  readonly cutClients: Counter<'kind'>;
  readonly quotaWait: Histogram;
  readonly observeEtcd: ObserveEtcd;
}

const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Plain numbers until somebody looks, see below. */
function createInFlight(registry: Registry): Record<RequestKind, number> {
  const counts: Record<RequestKind, number> = { read: 0, write: 0, watch: 0 };
  new Gauge({
    name: 'holt_api_requests_in_flight',
    help: 'Requests that are being answered',
    labelNames: ['kind'] as const,
    registers: [registry],
    collect() {
      for (const [kind, count] of Object.entries(counts)) this.set({ kind }, count);
    },
  });
  return counts;
}

/** Plain numbers until somebody looks: with labels each of a thousand watchers would cost a lookup an event. */
function createWatchEventCounter(registry: Registry): ServerMetrics['watchEventsOf'] {
  const counts = new Map<string, { count: number }>();
  new Counter({
    name: 'holt_api_watch_events_total',
    help: 'Events sent to watchers by resource',
    labelNames: ['resource'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const [resource, { count }] of counts) this.inc({ resource }, count);
    },
  });
  return (resource) => {
    const cell = counts.get(resource) ?? { count: 0 };
    counts.set(resource, cell);
    return (count) => {
      cell.count += count;
    };
  };
}

/** Registers the metrics; once a registry. */
export function createServerMetrics(registry: Registry): ServerMetrics {
  const etcdDuration = new Histogram({
    name: 'holt_api_etcd_request_duration_seconds',
    help: 'Time of etcd requests by operation and outcome',
    labelNames: ['operation', 'outcome'] as const,
    buckets: DURATION_BUCKETS_S,
    registers: [registry],
  });
  return {
    registry,
    requestDuration: new Histogram({
      name: 'holt_api_request_duration_seconds',
      help: 'Time of API requests other than watches',
      labelNames: ['verb', 'resource', 'subresource', 'code'] as const,
      buckets: DURATION_BUCKETS_S,
      registers: [registry],
    }),
    requestsInFlight: createInFlight(registry),
    watchers: new Gauge({
      name: 'holt_api_watchers',
      help: 'Open watches by resource',
      labelNames: ['resource'] as const,
      registers: [registry],
    }),
    watchEventsOf: createWatchEventCounter(registry),
    authenticationAttempts: new Counter({
      name: 'holt_api_authentication_attempts_total',
      help: 'Credentials that requests came with, by method (certificate, token) and result',
      labelNames: ['method', 'result'] as const,
      registers: [registry],
    }),
    auditEvents: new Counter({
      name: 'holt_api_audit_events_total',
      help: 'Audit events by level, written or lost',
      labelNames: ['level'] as const,
      registers: [registry],
    }),
    cutClients: new Counter({
      name: 'holt_api_cut_clients_total',
      help: 'Connections that were cut because their client took nothing (reader) or sent nothing (sender) for long',
      labelNames: ['kind'] as const,
      registers: [registry],
    }),
    quotaWait: new Histogram({
      name: 'holt_api_quota_wait_seconds',
      help: 'Time that writes waited for their turn to be charged to the quotas of their namespace',
      buckets: DURATION_BUCKETS_S,
      registers: [registry],
    }),
    observeEtcd: (operation, outcome, durationMs) =>
      etcdDuration.observe({ operation, outcome }, durationMs / 1000),
  };
}
