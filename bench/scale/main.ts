import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { residentBytes } from '../../e2e/guestless/census.ts';
import { GuestlessHost, type PartName } from '../../e2e/guestless/guestless-host.ts';
import { runMain } from '../../e2e/guestless/run-main.ts';
import { percentile } from '../statistics.ts';
import { treeCpuMicros } from './cpu.ts';
import { DRIFTS, type Healing } from './drift.ts';
import { Population } from './population.ts';

const USAGE = 'usage: npm run bench:scale -- [--sizes 100,1000] [--drifts 10] [--idle SECONDS]';
const CONVERGE_MS = 20 * 60_000;
/** After the last change things are written down, forgotten and collected for a while. */
const CALM_MS = 10_000;
const PARTS: readonly PartName[] = [
  'holt-node',
  'holt-api',
  'holt-manager',
  'holt-router',
  'etcd',
  'haproxy',
];

const say = (line: string) => process.stdout.write(`${line}\n`);
const load = () => `load average ${loadavg()[0]?.toFixed(1)}`;

async function converge(population: Population, size: number, signal: AbortSignal): Promise<number> {
  const beginMs = performance.now();
  await population.growTo(size);
  const declaredSeconds = (performance.now() - beginMs) / 1000;
  let toldMs = performance.now();
  for (;;) {
    const lacks = population.lacks();
    if (lacks.length === 0) break;
    if (performance.now() - beginMs > CONVERGE_MS)
      throw new Error(`not converged: ${lacks.slice(0, 5).join('; ')}`);
    if (performance.now() - toldMs > 10_000) {
      say(
        `  ${((performance.now() - beginMs) / 1000).toFixed(0)} s: ${lacks.length} of ${size * 4} not there yet`,
      );
      toldMs = performance.now();
    }
    await sleep(200, undefined, { signal });
  }
  const seconds = (performance.now() - beginMs) / 1000;
  say(`converged in ${seconds.toFixed(1)} s, declared in ${declaredSeconds.toFixed(1)} s of them; ${load()}`);
  return seconds;
}

/** Percent of one core, by part. */
async function idleCpu(
  host: GuestlessHost,
  seconds: number,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const pids = new Map<string, number>(PARTS.map((part) => [part, host.partPid(part) ?? 0]));
  pids.set('(FakeVmms)', host.vmms.pid);
  const read = async () =>
    new Map(
      await Promise.all([...pids].map(async ([name, pid]) => [name, await treeCpuMicros(pid)] as const)),
    );
  const [before, beginMs] = [await read(), performance.now()];
  await sleep(seconds * 1000, undefined, { signal });
  const [after, elapsedMs] = [await read(), performance.now() - beginMs];
  return new Map(
    [...after].map(([name, micros]) => [name, (micros - (before.get(name) ?? 0)) / elapsedMs / 10]),
  );
}

async function heal(host: GuestlessHost, population: Population, count: number, signal: AbortSignal) {
  for (const [name, drift] of Object.entries(DRIFTS)) {
    const samples: Healing[] = [];
    const vms = population.vms.lister.list();
    for (let index = 0; index < count; index += 1) {
      signal.throwIfAborted();
      // Spread over all of them, and at no fixed time after the drift before.
      const vm = vms[Math.floor(((index + 0.5) / count) * vms.length)];
      if (vm === undefined) break;
      await sleep(Math.random() * 500);
      samples.push(
        await drift(host, population, population.vms.lister.get('default', vm.metadata.name) ?? vm),
      );
    }
    const figures = (values: readonly number[]) =>
      [50, 99].map((percent) => `p${percent} ${percentile(values, percent).toFixed(0)}`).join(' ');
    const noticed = figures(samples.map(({ noticedMs }) => noticedMs));
    say(`  ${name}: noticed ${noticed} ms, healed ${figures(samples.map(({ healedMs }) => healedMs))} ms`);
  }
}

async function measure(
  host: GuestlessHost,
  population: Population,
  size: number,
  pace: Pace,
  signal: AbortSignal,
) {
  say(`\n-- ${size} VMs, ${size * 3} containers`);
  await converge(population, size, signal);
  await sleep(CALM_MS, undefined, { signal });
  const cpu = await idleCpu(host, pace.idleSeconds, signal);
  const memory = await residentBytes(host);
  say(`idle, over ${pace.idleSeconds} s; ${load()}`);
  for (const [name, percent] of cpu) {
    const mib = memory[name] === undefined ? '' : `, ${Math.round((memory[name] ?? 0) / 2 ** 20)} MiB`;
    say(`  ${name}: ${percent.toFixed(1)} % of a core${mib}`);
  }
  say(`one drift among them, ${pace.drifts} of each kind`);
  await heal(host, population, pace.drifts, signal);
  say(`  ${load()}`);
}

interface Pace {
  readonly drifts: number;
  readonly idleSeconds: number;
}

await runMain('bench:scale', async (signal) => {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '100,1000' },
      drifts: { type: 'string', default: '10' },
      idle: { type: 'string', default: '30' },
    },
  });
  const sizes = values.sizes.split(',').map(Number);
  const pace = { drifts: Number(values.drifts), idleSeconds: Number(values.idle) };
  if (![...sizes, pace.drifts, pace.idleSeconds].every((each) => Number.isInteger(each) && each > 0))
    throw new Error(USAGE);
  const host = await GuestlessHost.start('scale', signal);
  const population = new Population(host);
  try {
    for (const size of sizes) await measure(host, population, size, pace, signal);
    return 0;
  } finally {
    await population.stop();
    say('\nstopping');
    await host.stop();
  }
});
