import { percentile } from '../statistics.ts';
import type { Measurement, Measurements } from './measurement.ts';
import { OBJECTS, objectJson, objectName } from './objects.ts';
import { clear } from './population.ts';
import { cpuMicros } from './process-cpu.ts';
import type { Pace, World } from './world.ts';

/** Writes a second while the lag is measured: no more than a server of 1,000 watchers can tell of on one core. */
const PACED_WRITES_PER_SECOND = 10;

export interface FanOut {
  /** Events delivered a second while one writer writes as fast as it is answered. */
  readonly delivered: Measurements;
  /** From the request of the write to the watcher, at a steady pace of writes; milliseconds, by watchers. */
  readonly lagsMs: ReadonlyMap<number, readonly number[]>;
}

/** The watchers of one collection, in this process. */
class Watchers {
  readonly #sentAtMs = new Map<string, number>();
  readonly #count: number;
  #wanted = 0;
  #done: () => void = () => {};
  lagsMs: number[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** The name stands near the beginning of a line: parsing each would measure this side. */
  readonly onLine = (line: string): void => {
    const nameAt = line.indexOf('"name":"bench-');
    const atMs = nameAt === -1 ? undefined : this.#sentAtMs.get(line.slice(nameAt + 8, nameAt + 22));
    if (atMs === undefined) return;
    this.lagsMs.push(performance.now() - atMs);
    if (this.lagsMs.length === this.#wanted) this.#done();
  };

  /** Runs `write` for each number; resolves when every watcher was told of each. */
  async tell(from: number, count: number, write: (index: number) => Promise<unknown>): Promise<void> {
    this.lagsMs = [];
    this.#wanted = count * this.#count;
    const all = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    for (let index = from; index < from + count; index += 1) {
      this.#sentAtMs.set(objectName(index), performance.now());
      await write(index);
    }
    await all;
  }
}

async function fanOut(world: World, watcherCount: number, events: number) {
  const api = world.connect(watcherCount);
  const writer = world.connect(1);
  const stop = new AbortController();
  const watchers = new Watchers(watcherCount);
  const create = (index: number) => writer.send('POST', OBJECTS, objectJson(index));
  try {
    const { resourceVersion } = JSON.parse(await writer.send('GET', `${OBJECTS}?limit=1`)).metadata;
    const path = `${OBJECTS}?watch=true&resourceVersion=${resourceVersion}`;
    for (let opened = 0; opened < watcherCount; opened += 50) {
      const count = Math.min(50, watcherCount - opened);
      await Promise.all(Array.from({ length: count }, () => api.watch(path, watchers.onLine, stop.signal)));
    }
    await watchers.tell(0, events, create);
    const cpuBefore = await cpuMicros(world.pid);
    const begin = performance.now();
    await watchers.tell(events, events, create);
    const rate = (events * watcherCount) / ((performance.now() - begin) / 1_000);
    const cpuUs = ((await cpuMicros(world.pid)) - cpuBefore) / (events * watcherCount);
    await watchers.tell(2 * events, events / 4, async (index) => {
      await create(index);
      await new Promise((resolve) => setTimeout(resolve, 1_000 / PACED_WRITES_PER_SECOND));
    });
    return { delivered: { rate, cpuUs }, lagsMs: watchers.lagsMs };
  } finally {
    stop.abort();
    await api.close();
    await writer.close();
    await clear(world, 0, 2.25 * events);
  }
}

/** The line of a round's lags. */
export function lagLine(name: string, watchers: number, lagsMs: readonly number[]): string {
  const [p50, p99] = [50, 99].map((percent) => percentile(lagsMs, percent).toFixed(1));
  return `${name}: write to watcher at ${PACED_WRITES_PER_SECOND} writes/s, ${watchers} watcher(s): p50 ${p50} ms, p99 ${p99} ms`;
}

/**
 * Events a second delivered to many watchers of one collection, and their lag. All watchers and the writer share
 * this process and the machine with the server, so that the lag of 1,000 watchers is an upper bound.
 */
export async function measureWatchFanOut(world: World, pace: Pace): Promise<FanOut> {
  const delivered = new Map<string, Measurement>();
  const lagsMs = new Map<number, readonly number[]>();
  for (const watchers of pace.watchers) {
    const found = await fanOut(world, watchers, pace.events);
    delivered.set(`watch events delivered, ${watchers} watcher(s)`, found.delivered);
    lagsMs.set(watchers, found.lagsMs);
  }
  return { delivered, lagsMs };
}
