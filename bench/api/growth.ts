import { percentile } from '../statistics.ts';
import type { ApiConnections } from './api-connections.ts';
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

/** Pairs of measurements at each size; their middle counts. */
const ROUNDS = 3;

/** Merge patches of objects far from each other. */
function patches(api: ApiConnections, size: number): (index: number) => Promise<unknown> {
  return (index) => {
    // A prime step: neighbours in time are none in the store.
    const path = `${OBJECTS}/${objectName((index * 7_919) % size)}`;
    // The round's own content: a patch that changes nothing is no write.
    const body = JSON.stringify({ spec: { holder: `holder-${performance.now()}` } });
    return api.send('PATCH', path, body, 'application/merge-patch+json');
  };
}

/** CPU time of a write in a store against one in a small store, taken in turns: others use the machine too. */
async function costRatio(world: World, small: World, sizes: readonly [number, number], durationMs: number) {
  const [size, smallSize] = sizes;
  const [api, smallApi] = [world.connect(CONNECTIONS), small.connect(CONNECTIONS)];
  const options = { callers: CONNECTIONS, durationMs };
  const ratios: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const one = await measure({ ...options, pid: small.pid }, patches(smallApi, smallSize));
      const other = await measure({ ...options, pid: world.pid }, patches(api, size));
      ratios.push(other.cpuUs / one.cpuUs);
    }
  } finally {
    await api.close();
    await smallApi.close();
  }
  return percentile(ratios, 50);
}

/** What a write costs as the store grows, and the memory that an object takes above its bytes. */
export async function measureGrowth(
  world: World,
  small: World,
  pace: Pace,
  say: (line: string) => void,
): Promise<void> {
  const [smallSize = 0, ...larger] = pace.storeSizes;
  const emptyBytes = await world.heldBytes();
  await fill(small, 0, smallSize);
  let stored = 0;
  for (const size of larger) {
    await fill(world, stored, size);
    stored = size;
    const cost = await costRatio(world, small, [size, smallSize], pace.durationMs / 2);
    const verdict = judge(cost, { atMost: COST_RATIO_MAX });
    say(
      `${size} objects: a write costs ${cost.toFixed(2)} of one among ${smallSize}, in CPU time (${verdict})`,
    );
    const heldBytes = await world.heldBytes();
    if (heldBytes === undefined || emptyBytes === undefined) continue;
    const overheadKib = ((heldBytes - emptyBytes) / size - objectBytes().length) / 1_024;
    // What is kept whatever the size, recent events above all, is most of it in a small store.
    const isLarge = size === larger.at(-1) && size >= LARGE;
    const memory = isLarge ? ` (${judge(overheadKib, { atMost: MEMORY_KIB_MAX })})` : '';
    say(`${size} objects: ${overheadKib.toFixed(2)} KiB of memory an object above its bytes${memory}`);
  }
}
