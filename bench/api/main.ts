import { parseArgs } from 'node:util';
import { compareFigures, type Figures } from './figures.ts';
import { measureGrowth } from './growth.ts';
import { startPeer } from './peer.ts';
import { measureApi, measureEtcd } from './throughput.ts';
import { measureWatchFanOut } from './watch-fan-out.ts';
import { createWorld, type World } from './world.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { objects: { type: 'string', default: '100000' } },
});
const [only] = positionals;
const say = (line: string) => process.stdout.write(`${line}\n`);

type Measure = (world: World) => Promise<Figures>;

/** The workloads, each on both servers; where bare etcd can do the same, it is measured too. */
const WORKLOADS: Readonly<Record<string, { readonly api: Measure; readonly etcd?: Measure }>> = {
  throughput: { api: measureApi, etcd: measureEtcd },
  watch: { api: (world) => measureWatchFanOut(world, say) },
  growth: { api: (world) => measureGrowth(world, Number(values.objects), say) },
};

const holt = await createWorld();
const peer = await startPeer(holt);
say(peer === undefined ? 'no apiextensions-apiserver on the PATH: no peer' : `peer: ${peer.name}`);
try {
  for (const [name, { api, etcd }] of Object.entries(WORKLOADS)) {
    if (only !== undefined && only !== name) continue;
    say(`-- ${name}`);
    const bare = await etcd?.(holt);
    const own = await api(holt);
    const others = peer === undefined ? undefined : await api(peer);
    for (const line of compareFigures(own, { etcd: bare, ...(peer && { [peer.name]: others }) })) say(line);
  }
} finally {
  await peer?.dispose();
  await holt.dispose();
}
