import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { recordSpan, TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
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
  readonly containers: () => readonly SandboxContainer[];
  readonly table: () => RouteTable;
}

const traceOf = (object: UserVm | SandboxContainer | undefined): string | undefined =>
  object?.metadata.annotations?.[TRACEPARENT_ANNOTATION];

/** The trace id stands between the first two dashes (https://www.w3.org/TR/trace-context/#traceparent-header). */
const traceIdOf = (traceparent: string): string | undefined => traceparent.split('-')[1];

/** A link where VM and container were declared by different traces. */
function linkTo(parent: string | undefined, other: string | undefined): { linked?: string } {
  if (parent === undefined || other === undefined || traceIdOf(parent) === traceIdOf(other)) return {};
  return { linked: other };
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

  /** @param seenAtMs wall milliseconds at which the change was seen */
  onTransition({ before, after }: RouteTransition, seenAtMs: number): void {
    const { clock, firstRequests, logger, metrics } = this.#options;
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
    // Until a boot's first answer a change is a part of the VM's way there; afterwards the container's matter.
    const traces = this.#tracesOf(route);
    const parent = firstRequests.isAnswered(route) ? (traces.container ?? traces.vm) : traces.vm;
    const linked = parent === traces.vm ? traces.container : traces.vm;
    const span = {
      traceparent: parent,
      ...linkTo(parent, linked),
      startTimeMs: seenAtMs,
      attributes: fields,
    };
    recordSpan(`route ${to}`, span);
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
    const { clock, firstRequests, logger, metrics, table } = this.#options;
    const { boot_id, container_name, route, user, vm_id } = entry;
    const readySinceMs = this.#readySinceMs.get(`${user}/${route}`);
    metrics.firstRequests.inc({ route });
    if (readySinceMs !== undefined) {
      metrics.firstRequestSeconds.observe(
        { route },
        Math.max(0, entry.started_ms + entry.total_ms - readySinceMs) / 1000,
      );
    }
    const traces = this.#tracesOf({ user, vmId: vm_id, containerName: container_name });
    const attributes = {
      user,
      vm_id,
      container_name,
      route,
      boot_id,
      'http.response.status_code': entry.status,
    };
    const startTimeMs = entry.started_ms || clock.nowMs();
    const link = linkTo(traces.vm, traces.container);
    const span = { traceparent: traces.vm, ...link, startTimeMs, attributes };
    recordSpan('first-request', span, startTimeMs + Math.max(0, entry.total_ms));
    logger.info({ event: 'FirstRequest', ...attributes, total_ms: entry.total_ms }, 'first request answered');
    firstRequests
      .save(table())
      .catch((error: unknown) => logger.warn({ err: error }, 'first requests not saved'));
  }

  /** The traces of the writes that declared a route's VM and container. */
  #tracesOf(route: Pick<Route, 'user' | 'vmId' | 'containerName'>): {
    readonly vm: string | undefined;
    readonly container: string | undefined;
  } {
    const { containers, userVms } = this.#options;
    const vm = userVms().find(
      ({ spec, status }) => spec.user === route.user && (status?.vmId ?? '') === route.vmId,
    );
    const container = containers().find(
      ({ metadata, spec }) =>
        metadata.name === route.containerName &&
        metadata.namespace === vm?.metadata.namespace &&
        spec.vmRef.name === vm?.metadata.name,
    );
    return { vm: traceOf(vm), container: traceOf(container) };
  }
}
