import { parseArgs } from 'node:util';
import { percentile } from '../statistics.ts';
import { measureGrowth } from './growth.ts';
import { measureLists } from './lists.ts';
import type { Measurements } from './measurement.ts';
import { startPeer } from './peer.ts';
import { type Comparison, judge, reportLines, type Target } from './report.ts';
import { measureThroughput } from './throughput.ts';
import { lagLine, measureWatchFanOut } from './watch-fan-out.ts';
import { createWorld, FULL_PACE, QUICK_PACE, type World } from './world.ts';

const USAGE = 'usage: npm run bench:api -- [--quick] [throughput|lists|watch|growth]';
const LAG_MS_MAX = 25;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const pace = values.quick ? QUICK_PACE : FULL_PACE;
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Of writes alone: what bare etcd does for a get is no measure of an API. */
function etcdTarget(what: string): Target | undefined {
  return what.startsWith('get') ? undefined : { atLeast: 0.7 };
}

function peerTarget(what: string): Target | undefined {
  if (what.startsWith('get') || what.startsWith('list')) return { atLeast: 1 };
  return what.startsWith('watch') ? { atLeast: 1.5 } : undefined;
}

const asPeer = (name: string, measurements: Measurements): Comparison => ({
  name,
  measurements,
  targetOf: peerTarget,
});

async function throughput(worlds: readonly World[]): Promise<void> {
  const { servers, etcd } = await measureThroughput(worlds, pace, say);
  const [own = new Map(), ...others] = servers;
  const bare: Comparison = { name: 'bare etcd', measurements: etcd, targetOf: etcdTarget };
  const peers = others.map((other, index) => asPeer(worlds[index + 1]?.name ?? '', other));
  for (const line of reportLines(own, [bare, ...peers])) say(line);
}

async function lists([holt, ...others]: readonly World[]): Promise<void> {
  if (holt === undefined) return;
  const own = await measureLists(holt, pace);
  const peers: Comparison[] = [];
  for (const other of others) peers.push(asPeer(other.name, await measureLists(other, pace)));
  for (const line of reportLines(own, peers)) say(line);
}

async function watch([holt, ...others]: readonly World[]): Promise<void> {
  if (holt === undefined) return;
  const own = await measureWatchFanOut(holt, pace);
  const peers: Comparison[] = [];
  for (const other of others) {
    const { delivered, lagsMs } = await measureWatchFanOut(other, pace);
    peers.push(asPeer(other.name, delivered));
    for (const [watchers, lags] of lagsMs) say(lagLine(other.name, watchers, lags));
  }
  for (const [watchers, lags] of own.lagsMs)
    say(`${lagLine(holt.name, watchers, lags)} (${judge(percentile(lags, 99), { atMost: LAG_MS_MAX })})`);
  for (const line of reportLines(own.delivered, peers)) say(line);
}

/** Only Holt: what is asked of growth is asked of it against itself, so a second one stays small. */
async function growth([holt]: readonly World[]): Promise<void> {
  if (holt === undefined) return;
  const small = await createWorld();
  await measureGrowth(holt, small, pace, say).finally(() => small.dispose());
}

const WORKLOADS: Readonly<Record<string, (worlds: readonly World[]) => Promise<void>>> = {
  throughput,
  lists,
  watch,
  growth,
};

async function main(): Promise<void> {
  const wrong = positionals.find((name) => !Object.hasOwn(WORKLOADS, name));
  if (wrong !== undefined) throw new Error(USAGE);
  const holt = await createWorld();
  const peer = await startPeer(holt).catch(async (error) => {
    await holt.dispose();
    throw error;
  });
  say(peer === undefined ? 'no apiextensions-apiserver on the PATH: no peer' : `peer: ${peer.name}`);
  const worlds = peer === undefined ? [holt] : [holt, peer];
  try {
    for (const [name, workload] of Object.entries(WORKLOADS)) {
      if (positionals.length > 0 && !positionals.includes(name)) continue;
      say(`-- ${name}`);
      await workload(worlds);
    }
  } finally {
    await peer?.dispose();
    await holt.dispose();
  }
}

main().catch((error) => {
  process.stderr.write(`bench:api: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
