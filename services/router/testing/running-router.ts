import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../../lib/clock.ts';
import { createRouterMetrics, type RouterMetrics } from '../metrics.ts';
import type { RouteTransition } from '../plan-changes.ts';
import type { RouteSource } from '../route-source.ts';
import { Router } from '../router.ts';
import type { Edge } from './edge.ts';
import { eventually } from './eventually.ts';

/** A Router at work on an edge, in this process. */
export interface RunningRouter {
  readonly router: Router;
  readonly metrics: RouterMetrics;
  readonly transitions: readonly RouteTransition[];
  /** Waits until HAProxy's own map says so. */
  untilRoute(key: string, state: string): Promise<void>;
  stop(): Promise<void>;
}

export async function runRouter(
  edge: Edge,
  source: RouteSource,
  reconcileEveryMs = 30_000,
): Promise<RunningRouter> {
  const metrics = createRouterMetrics(new Registry());
  const { paths, config } = edge;
  const logger = pino({ enabled: false });
  const options = {
    source,
    paths,
    vmSubnet: config.vmSubnet,
    clock: systemClock,
    logger,
    metrics,
    reconcileEveryMs,
  };
  const router = new Router(options);
  const transitions: RouteTransition[] = [];
  router.onTransition((transition) => transitions.push(transition));
  const stop = new AbortController();
  const running = router.run(stop.signal);
  await eventually(() => router.assertApplied());
  return {
    router,
    metrics,
    transitions,
    untilRoute: (key, state) =>
      eventually(async () => {
        const map = await edge.admin(`show map ${paths.routesMap}`);
        const expected = state === 'none' ? undefined : state;
        const value = map.split('\n').find((line) => line.includes(` ${key} `));
        if (value?.split(' ')[2]?.split('|')[0] !== expected)
          throw new Error(`${key} is ${value}, not ${state}`);
      }),
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}
