import { type Measurement, type Measurements, measure } from './measurement.ts';
import { OBJECTS } from './objects.ts';
import { clear, fill } from './population.ts';
import type { Pace, World } from './world.ts';

const FORMS: readonly (readonly [what: string, query: string])[] = [
  ['newest state', ''],
  ['resourceVersion=0', '?resourceVersion=0'],
];
/** Lists a second, of few objects and of many, one after the other on one connection. */
export async function measureLists(world: World, pace: Pace): Promise<Measurements> {
  const found = new Map<string, Measurement>();
  const api = world.connect(1);
  const options = { callers: 1, durationMs: pace.durationMs, pid: world.pid };
  let stored = 0;
  try {
    for (const objects of pace.listSizes) {
      await fill(world, stored, objects);
      stored = objects;
      for (const [what, query] of FORMS)
        found.set(
          `list of ${objects}, ${what}`,
          await measure(options, () => api.send('GET', OBJECTS + query)),
        );
    }
    await clear(world, 0, stored);
  } finally {
    await api.close();
  }
  return found;
}
