import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { HaproxyLink } from './haproxy-link.ts';
import { MapFile, readMapFile } from './map-file.ts';
import { type RouterMetrics, setRouteGauge } from './metrics.ts';
import { listTransitions, type RouteTransition } from './plan-changes.ts';
import { planRoutes } from './plan-routes.ts';
import type { RouteSource } from './route-source.ts';
import type { RouteTable } from './route-table.ts';
import type { RouterPaths } from './router-paths.ts';

export interface RouterOptions {
  readonly source: RouteSource;
  readonly paths: Pick<RouterPaths, 'adminSocket' | 'routesMap'>;
  readonly vmSubnet: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RouterMetrics;
  /** Between two full comparisons with HAProxy; default 30,000. */
  readonly reconcileEveryMs?: number;
}

const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 1000;

/**
 * Keeps HAProxy's routes equal to what the cluster's state asks for. One pass at a time; changes that come during
 * a pass are taken together by the next. Before the source knows all objects, the last-known table stays.
 */
export class Router {
  readonly #options: RouterOptions;
  readonly #link: HaproxyLink;
  readonly #file: MapFile;
  #table: RouteTable = new Map();
  #transitionListeners: ((transition: RouteTransition, seenAtMs: number) => void)[] = [];
  #wake = Promise.withResolvers<void>();
  #changedAtMs: number | undefined;
  #reconcileDue = true;
  #isFileStale = false;
  #notApplied: Error | undefined = new Error('HAProxy was not told yet');
  #isFailing = false;

  constructor(options: RouterOptions) {
    this.#options = options;
    const { adminSocket, routesMap } = options.paths;
    const { logger, metrics } = options;
    const onLost = (reason: Error) => {
      logger.warn({ err: reason }, 'lost HAProxy');
      this.#notApplied = reason;
      this.#requestReconcile();
    };
    this.#file = new MapFile(routesMap, (error) => logger.warn({ err: error }, 'table not synced to disk'));
    this.#link = new HaproxyLink({ adminSocket, routesMap, logger, metrics, onLost });
  }

  /** The table that was last written. */
  get table(): RouteTable {
    return this.#table;
  }

  /** @throws the reason why HAProxy does not have the table at this time */
  assertApplied(): void {
    if (this.#notApplied !== undefined) throw this.#notApplied;
  }

  /**
   * Called for every change of what a route serves, after HAProxy was told (or was found to be away), with the
   * wall time in milliseconds at which the change was seen.
   */
  onTransition(listener: (transition: RouteTransition, seenAtMs: number) => void): void {
    this.#transitionListeners.push(listener);
  }

  /** Runs until the signal aborts. @throws when the last-known table can't be read */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, paths, reconcileEveryMs = 30_000, source } = this.#options;
    this.#table = await readMapFile(paths.routesMap);
    setRouteGauge(this.#options.metrics.routes, this.#table);
    logger.info({ routes: this.#table.size }, 'last-known table read');
    const leave = source.onChange(() => {
      this.#changedAtMs ??= clock.monotonicMs();
      this.#wake.resolve();
    });
    const timer = setInterval(() => this.#requestReconcile(), reconcileEveryMs);
    const onAbort = () => this.#wake.resolve();
    signal.addEventListener('abort', onAbort);
    let retryMs = RETRY_FIRST_MS;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      try {
        await this.#pass();
        retryMs = RETRY_FIRST_MS;
        await this.#wake.promise;
      } catch (error) {
        this.#noteError(error);
        await clock.sleep(retryMs, signal).catch(() => {});
        retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
      }
    }
    leave();
    clearInterval(timer);
    signal.removeEventListener('abort', onAbort);
    this.#link.close();
    await this.#file.settled();
  }

  #requestReconcile(): void {
    this.#reconcileDue = true;
    this.#wake.resolve();
  }

  #noteError(error: unknown): void {
    const isNews = !this.#isFailing;
    this.#isFailing = true;
    this.#notApplied = error instanceof Error ? error : new Error(String(error));
    this.#reconcileDue = true;
    this.#options.metrics.reconciles.inc({ result: 'failed' });
    if (isNews) this.#options.logger.error({ err: error }, 'routes are not applied; trying again');
  }

  async #pass(): Promise<void> {
    const { clock, metrics, source, vmSubnet } = this.#options;
    const changedAtMs = this.#changedAtMs;
    this.#changedAtMs = undefined;
    const seenAtMs = clock.nowMs();
    const before = this.#table;
    const after = source.hasSynced() ? planRoutes(source.userVms(), source.containers(), vmSubnet) : before;
    const transitions = listTransitions(before, after);
    this.#table = after;
    this.#isFileStale ||= transitions.length > 0;
    // The file first: should HAProxy start in between, it starts with what it would be told now.
    const fileError = this.#isFileStale ? await this.#writeFile(after) : undefined;
    const isReconcile = this.#reconcileDue;
    this.#reconcileDue = false;
    try {
      if (isReconcile) await this.#link.reconcile(after);
      else if (transitions.length > 0) await this.#link.apply(after);
    } finally {
      // Told even when HAProxy is away: the next pass no longer sees them as new.
      for (const transition of transitions) this.#tell(transition, seenAtMs);
    }
    // A full disk must not keep a withdrawn route alive: HAProxy is told all the same.
    if (fileError !== undefined) throw fileError;
    this.#notApplied = undefined;
    this.#isFailing = false;
    if (transitions.length === 0) return;
    setRouteGauge(metrics.routes, after);
    if (changedAtMs !== undefined) metrics.applySeconds.observe((clock.monotonicMs() - changedAtMs) / 1000);
  }

  async #writeFile(table: RouteTable): Promise<Error | undefined> {
    const { routesMap } = this.#options.paths;
    try {
      await this.#file.replace(table);
      this.#isFileStale = false;
      return undefined;
    } catch (cause) {
      return new Error(`cannot write ${routesMap}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    }
  }

  #tell(transition: RouteTransition, seenAtMs: number): void {
    for (const listener of this.#transitionListeners) listener(transition, seenAtMs);
  }
}
