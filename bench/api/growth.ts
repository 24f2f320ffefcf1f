import { BareEtcd } from './bare-etcd.ts';
import { measure } from './measurement.ts';
import { OBJECTS, objectBytes, objectName } from './objects.ts';
import { fill } from './population.ts';
import { judge } from './report.ts';
import type { Pace, World } from './world.ts';

const CONNECTIONS = 16;
const MEMORY_KIB_MAX = 3;
const LARGE = 50_000;
/** The cost of a write may rise by 15 %. */
const COST_RATIO_MAX = 1.15;

/**
 * What a write costs as the store grows: its rate as a share of bare etcd's at that size, since etcd itself slows
 * down, and the server's CPU time; and the memory that an object takes above its bytes.
 */
export async function measureGrowth(world: World, pace: Pace, say: (line: string) => void): Promise<void> {
  const api = world.connect(CONNECTIONS);
  const etcd = new BareEtcd(world.etcd, CONNECTIONS);
  const options = { callers: CONNECTIONS, durationMs: pace.durationMs };
  const emptyBytes = await world.heldBytes();
  let stored = 0;
  let firstCpuUs: number | undefined;
  try {
    for (const size of pace.storeSizes) {
      await fill(world, stored, size);
      stored = size;
      const patch = (index: number) => {
        // A prime step: neighbours in time are none in the store.
        const path = `${OBJECTS}/${objectName((index * 7_919) % size)}`;
        const body = JSON.stringify({ spec: { holder: `holder-${size}-${index}` } });
        return api.send('PATCH', path, body, 'application/merge-patch+json');
      };
      const writes = await measure({ ...options, pid: world.pid }, patch);
      const puts = await measure({ ...options, pid: world.etcd.pid }, (index) =>
        etcd.put((index * 7_919) % size, objectBytes()),
      );
      firstCpuUs ??= writes.cpuUs;
      const cost = writes.cpuUs / firstCpuUs;
      const share = (writes.rate / puts.rate).toFixed(2);
      const verdict = judge(cost, { atMost: COST_RATIO_MAX });
      say(
        `${size} objects: a write is ${writes.cpuUs.toFixed(0)} us CPU, ${cost.toFixed(2)} of the first (${verdict}), and ${share} of bare etcd`,
      );
      const heldBytes = await world.heldBytes();
      if (heldBytes === undefined || emptyBytes === undefined) continue;
      const overheadKib = ((heldBytes - emptyBytes) / size - objectBytes().length) / 1_024;
      // What is kept whatever the size, recent events above all, is most of it in a small store.
      const isLarge = size === pace.storeSizes.at(-1) && size >= LARGE;
      const memory = isLarge ? ` (${judge(overheadKib, { atMost: MEMORY_KIB_MAX })})` : '';
      say(`${size} objects: ${overheadKib.toFixed(2)} KiB of memory an object above its bytes${memory}`);
    }
  } finally {
    etcd.close();
    await api.close();
  }
}
