import { operationsPerSecond } from '../throughput.ts';
import { LEASES, leaseBytes, leaseJson, leaseName } from './leases.ts';
import type { World } from './world.ts';

const SIZES = [1_000, 10_000, 100_000];
const CONNECTIONS = 16;
const SAMPLE = 2_000;
const LIST_LIMIT = 500;

/** What a write, a get, a page and an object's memory cost as the store grows. */
export async function benchGrowth(world: World, say: (line: string) => void, largest: number): Promise<void> {
  const api = world.connect(CONNECTIONS);
  const emptyBytes = await world.heldBytes();
  let stored = 0;
  let firstWrites: number | undefined;
  try {
    for (const size of SIZES.filter((each) => each <= largest)) {
      const from = stored;
      await operationsPerSecond(size - from, CONNECTIONS, (index) =>
        api.send('POST', LEASES, leaseJson(from + index)),
      );
      stored = size;
      const writes = await operationsPerSecond(SAMPLE, CONNECTIONS, (index) => {
        const target = (index * 7_919) % size;
        return api.send('PUT', `${LEASES}/${leaseName(target)}`, leaseJson(target, index + 1));
      });
      firstWrites ??= writes;
      const page = await operationsPerSecond(20, 1, () => api.send('GET', `${LEASES}?limit=${LIST_LIMIT}`));
      const overhead = ((await world.heldBytes()) - emptyBytes) / size - leaseBytes().length;
      say(
        `growth, ${size} objects: ${writes.toFixed(0)} updates/s, ratio to 1,000 objects ${(writes / firstWrites).toFixed(2)}; ` +
          `page of ${LIST_LIMIT} ${(1000 / page).toFixed(1)} ms; memory an object above its bytes ${(overhead / 1024).toFixed(2)} KiB`,
      );
    }
    for (const size of [100, 10_000].filter((each) => each <= stored)) await benchList(world, say, size);
  } finally {
    await api.close();
  }
}

/** A list of `size` objects against etcd's own range of as many. */
async function benchList(world: World, say: (line: string) => void, size: number): Promise<void> {
  const api = world.connect(1);
  const rounds = size > 1_000 ? 5 : 50;
  try {
    const cached = await operationsPerSecond(rounds, 1, () =>
      api.send('GET', `${LEASES}?limit=${size}&resourceVersion=0`),
    );
    const consistent = await operationsPerSecond(rounds, 1, () => api.send('GET', `${LEASES}?limit=${size}`));
    say(
      `list, ${size} objects: ${(1000 / consistent).toFixed(1)} ms consistent, ${(1000 / cached).toFixed(1)} ms from memory (resourceVersion=0)`,
    );
  } finally {
    await api.close();
  }
}
