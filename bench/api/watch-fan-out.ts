import { formatPercentiles } from '../statistics.ts';
import type { Figures } from './figures.ts';
import { OBJECTS, objectJson, objectName } from './objects.ts';
import type { World } from './world.ts';

const WATCHERS = [1, 100, 1_000];
const EVENTS = 200;

/**
 * Events a second delivered to many watchers of one collection; says how long after the request each got it. All
 * watchers and the writer share this process, so that the lag told of 1,000 watchers is an upper bound.
 */
export async function measureWatchFanOut(world: World, say: (line: string) => void): Promise<Figures> {
  const figures = new Map<string, number>();
  for (const [round, watchers] of WATCHERS.entries()) {
    const { eventsPerSecond, lagsMs } = await fanOut(world, watchers, (round + 10) * 1_000_000);
    const what = `watch events delivered, ${watchers} watcher(s)`;
    figures.set(what, eventsPerSecond);
    say(`${world.name}: ${what}: request to watcher, ms: ${formatPercentiles(lagsMs)}`);
  }
  return figures;
}

async function fanOut(world: World, watchers: number, base: number) {
  const api = world.connect(watchers);
  const writer = world.connect(1);
  const stop = new AbortController();
  const lagsMs: number[] = [];
  const sentAtMs = new Map<string, number>();
  const done = Promise.withResolvers<void>();
  const onLine = (line: string) => {
    // The name stands near the beginning: parsing each line would measure this side.
    const name = /"name":"(bench-[^"]+)"/.exec(line)?.[1] ?? '';
    const atMs = sentAtMs.get(name);
    if (atMs === undefined) return;
    lagsMs.push(performance.now() - atMs);
    if (lagsMs.length === watchers * EVENTS) done.resolve();
  };
  try {
    const { resourceVersion } = JSON.parse(await writer.send('GET', `${OBJECTS}?limit=1`)).metadata;
    const path = `${OBJECTS}?watch=true&resourceVersion=${resourceVersion}`;
    for (let opened = 0; opened < watchers; opened += 50) {
      const count = Math.min(50, watchers - opened);
      await Promise.all(Array.from({ length: count }, () => api.watch(path, onLine, stop.signal)));
    }
    const beginMs = performance.now();
    for (let index = base; index < base + EVENTS; index += 1) {
      sentAtMs.set(objectName(index), performance.now());
      await writer.send('POST', OBJECTS, objectJson(index));
    }
    await done.promise;
    return { eventsPerSecond: lagsMs.length / ((performance.now() - beginMs) / 1000), lagsMs };
  } finally {
    stop.abort();
    for (let index = base; index < base + EVENTS; index += 1)
      await writer.send('DELETE', `${OBJECTS}/${objectName(index)}`).catch(() => {});
    await api.close();
    await writer.close();
  }
}
