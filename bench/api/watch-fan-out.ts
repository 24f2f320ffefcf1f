import { formatPercentiles } from '../statistics.ts';
import { LEASES, leaseJson, leaseName } from './leases.ts';
import type { World } from './world.ts';

const WATCHERS = [1, 100, 1_000];
const EVENTS = 200;

/**
 * Events a second delivered to many watchers of one collection, and how long after the write's answer each got it.
 * The watchers and the writer share a process here, so what is said of 1,000 watchers is an upper bound of the lag.
 */
export async function benchWatchFanOut(world: World, say: (line: string) => void): Promise<void> {
  for (const [round, watchers] of WATCHERS.entries()) {
    const base = (round + 10) * 1_000_000;
    const api = world.connect(watchers);
    const writer = world.connect(1);
    const stop = new AbortController();
    const lags: number[] = [];
    const sentAt = new Map<string, number>();
    let delivered = 0;
    const done = Promise.withResolvers<void>();
    const path = `${LEASES}?watch=true&resourceVersion=0&fieldSelector=${encodeURIComponent('metadata.namespace=default')}`;
    const onLine = (line: string) => {
      // The name stands in the first hundred bytes: parsing each line would measure this side.
      const name = /"name":"([^"]+)"/.exec(line.slice(0, 300))?.[1] ?? '';
      const at = sentAt.get(name);
      if (at === undefined) return;
      lags.push(performance.now() - at);
      delivered += 1;
      if (delivered === watchers * EVENTS) done.resolve();
    };
    try {
      for (let opened = 0; opened < watchers; opened += 50) {
        const some = Array.from({ length: Math.min(50, watchers - opened) }, () =>
          api.watch(path, onLine, stop.signal),
        );
        await Promise.all(some);
      }
      const begin = performance.now();
      for (let index = 0; index < EVENTS; index += 1) {
        const name = leaseName(base + index);
        sentAt.set(name, performance.now());
        await writer.send('POST', LEASES, leaseJson(base + index));
      }
      await done.promise;
      const seconds = (performance.now() - begin) / 1000;
      const perSecond = (delivered / seconds).toFixed(0);
      say(
        `watch, ${watchers} watcher(s): ${perSecond} events/s delivered; from request to watcher, ms: ${formatPercentiles(lags)}`,
      );
    } finally {
      stop.abort();
      for (let index = 0; index < EVENTS; index += 1)
        await writer.send('DELETE', `${LEASES}/${leaseName(base + index)}`).catch(() => {});
      await api.close();
      await writer.close();
    }
  }
}
