import { Etcd3 } from 'etcd3';
import { operationsPerSecond } from '../throughput.ts';
import type { Figures } from './figures.ts';
import { OBJECTS, objectBytes, objectJson, objectName } from './objects.ts';
import type { World } from './world.ts';

const SIZES = [1_000, 10_000, 100_000];
const CONNECTIONS = 16;
const SAMPLE = 2_000;
const PAGE = 500;

/** What a write and a page cost as the store grows; says the ratio to the smallest, and the memory an object takes. */
export async function measureGrowth(
  world: World,
  largest: number,
  say: (line: string) => void,
): Promise<Figures> {
  const figures = new Map<string, number>();
  const api = world.connect(CONNECTIONS);
  const [endpoint = ''] = world.etcd.connection.endpoints;
  const etcd = new Etcd3({ hosts: endpoint });
  const emptyBytes = await world.heldBytes();
  let stored = 0;
  let first: number | undefined;
  try {
    for (const size of SIZES.filter((each) => each <= largest)) {
      const from = stored;
      await operationsPerSecond(size - from, CONNECTIONS, (index) =>
        api.send('POST', OBJECTS, objectJson(from + index)),
      );
      stored = size;
      const writes = await operationsPerSecond(SAMPLE, CONNECTIONS, (index) => {
        const patch = JSON.stringify({ spec: { holder: `holder-${size}-${index}` } });
        // A prime step: neighbours in time are none in the store.
        const path = `${OBJECTS}/${objectName((index * 7_919) % size)}`;
        return api.send('PATCH', path, patch, 'application/merge-patch+json');
      });
      const puts = await operationsPerSecond(SAMPLE, CONNECTIONS, async (index) => {
        await etcd.put(`/bench/growth/${(index * 7_919) % size}`).value(objectBytes());
      });
      // etcd itself slows down as it grows: what Holt adds is what counts.
      const share = writes / puts;
      first ??= share;
      figures.set(`patch among ${size} objects`, writes);
      figures.set(
        `page of ${PAGE} among ${size} objects`,
        await operationsPerSecond(20, 1, () => api.send('GET', `${OBJECTS}?limit=${PAGE}`)),
      );
      say(
        `${world.name}: ${size} objects: a write is ${share.toFixed(2)} of bare etcd's, ${(share / first).toFixed(2)} times the share at 1,000`,
      );
      const heldBytes = await world.heldBytes();
      if (heldBytes === undefined || emptyBytes === undefined) continue;
      const overhead = (heldBytes - emptyBytes) / size - objectBytes().length;
      say(
        `${world.name}: ${size} objects: ${(overhead / 1024).toFixed(2)} KiB of memory an object above its bytes`,
      );
    }
  } finally {
    etcd.close();
    await api.close();
  }
  return figures;
}
