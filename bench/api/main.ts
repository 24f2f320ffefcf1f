import { parseArgs } from 'node:util';
import { benchGrowth } from './growth.ts';
import { benchWatchFanOut } from './watch-fan-out.ts';
import { createWorld } from './world.ts';
import { benchWritesAndReads } from './writes-and-reads.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { objects: { type: 'string', default: '100000' } },
});
const [only] = positionals;
const wanted = (name: string) => only === undefined || only === name;
const say = (line: string) => process.stdout.write(`${line}\n`);

const world = await createWorld();
try {
  if (wanted('throughput')) await benchWritesAndReads(world, say);
  if (wanted('watch')) await benchWatchFanOut(world, say);
  if (wanted('growth')) await benchGrowth(world, say, Number(values.objects));
} finally {
  await world.dispose();
}
