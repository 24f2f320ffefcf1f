import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { TRACEPARENT_ANNOTATION, withSpan } from '../../lib/telemetry.ts';
import { type AccessLogEntry, isSuccess } from './access-log.ts';
import type { FirstRequests } from './first-requests.ts';
import type { RouterMetrics } from './metrics.ts';
import type { RouteTransition } from './plan-changes.ts';
import { type Route, type RouteTable, routeKey } from './route-table.ts';

export interface RouteTelemetryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RouterMetrics;
  readonly firstRequests: FirstRequests;
  readonly userVms: () => readonly UserVm[];
  readonly table: () => RouteTable;
}

const describe = (route: Route | undefined): string => route?.state ?? 'none';

/** Turns route transitions and access log entries into log lines, metrics and the `first-request` span. */
export class RouteTelemetry {
  readonly #options: RouteTelemetryOptions;
  /** Wall time at which a route became ready, by `routeKey`. */
  readonly #readySinceMs = new Map<string, number>();

  constructor(options: RouteTelemetryOptions) {
    this.#options = options;
  }

  onTransition({ before, after }: RouteTransition): void {
    const { clock, logger, metrics } = this.#options;
    const route = after ?? before;
    if (route === undefined) return;
    const key = routeKey(route.user, route.target);
    const from = describe(before);
    const to = describe(after);
    if (to !== 'ready') this.#readySinceMs.delete(key);
    else if (from !== 'ready') this.#readySinceMs.set(key, clock.nowMs());
    metrics.transitions.inc({ route: route.target, from, to });
    const { user, vmId, containerName, ip, bootId } = route;
    const fields = {
      user,
      vm_id: vmId,
      container_name: containerName,
      route: route.target,
      from,
      to,
      ip,
      boot_id: bootId,
    };
    logger.info(
      { event: 'RouteTransition', ...fields },
      `route ${from === to ? 'changed' : `${from} -> ${to}`}`,
    );
  }

  onRequest(entry: AccessLogEntry): void {
    const { firstRequests, logger, metrics } = this.#options;
    const { route, reason, status } = entry;
    metrics.requests.inc({ route, code: `${Math.floor(status / 100)}xx`, reason });
    if (reason === '' && isSuccess(entry)) metrics.requestSeconds.observe({ route }, entry.total_ms / 1000);
    const isFailure = status >= 500 || status < 0 || entry.guest_reason === 'wrong-vm';
    logger[isFailure ? 'warn' : 'info'](entry, 'request');
    if (firstRequests.isFirst(entry)) this.#reportFirst(entry);
  }

  #reportFirst(entry: AccessLogEntry): void {
    const { clock, firstRequests, logger, metrics, table, userVms } = this.#options;
    const { boot_id, container_name, route, user, vm_id } = entry;
    const readySinceMs = this.#readySinceMs.get(`${user}/${route}`);
    metrics.firstRequests.inc({ route });
    if (readySinceMs !== undefined) {
      metrics.firstRequestSeconds.observe(
        { route },
        Math.max(0, entry.started_ms + entry.total_ms - readySinceMs) / 1000,
      );
    }
    const userVm = userVms().find(({ spec, status }) => spec.user === user && status?.vmId === vm_id);
    const attributes = {
      user,
      vm_id,
      container_name,
      route,
      boot_id,
      'http.response.status_code': entry.status,
    };
    const span = {
      traceparent: userVm?.metadata.annotations?.[TRACEPARENT_ANNOTATION],
      startTimeMs: entry.started_ms || clock.nowMs(),
      attributes,
    };
    void withSpan('first-request', span, async () => {
      logger.info(
        { event: 'FirstRequest', ...attributes, total_ms: entry.total_ms },
        'first request answered',
      );
    });
    firstRequests
      .save(table())
      .catch((error: unknown) => logger.warn({ err: error }, 'first requests not saved'));
  }
}
