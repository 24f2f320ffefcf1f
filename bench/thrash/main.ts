import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../api/testing/linearizability/random.ts';
import { userVmDefinition } from '../../crds/uservm/definition.ts';
import { type Census, residentBytes, takeCensus } from '../../e2e/guestless/census.ts';
import { lacksOf, readFleet } from '../../e2e/guestless/converged.ts';
import { GuestlessHost } from '../../e2e/guestless/guestless-host.ts';
import { pickOne } from '../../e2e/guestless/pick-one.ts';
import { runMain } from '../../e2e/guestless/run-main.ts';
import { eventually } from '../../e2e/harness/eventually.ts';
import { leaksBetween } from './leaks.ts';
import { startLoad } from './load.ts';
import { declareUser, deleteUser, OPERATIONS, type Operation, operate } from './operations.ts';

const USAGE = 'usage: npm run bench:thrash -- [--rounds 100] [--vms 4] [--seed N]';
const SETTLE_MS = 120_000;
/** Orphans may stay for so long. */
const QUIET_MS = 60_000;
/** Every so many rounds all must come to rest as it is declared. */
const SETTLE_EVERY = 20;
const PAUSE_MS_MAX = 300;

const say = (line: string) => process.stdout.write(`${line}\n`);

function settle(host: GuestlessHost): Promise<void> {
  return eventually('everything as it is declared', SETTLE_MS, async () => {
    const lacks = lacksOf(await readFleet(host.client));
    if (lacks.length > 0) throw new Error(lacks.join('; '));
  });
}

/** Deletes all users and waits until nothing of them is left but what was there before. */
async function clear(
  host: GuestlessHost,
  users: readonly string[],
  before: Census | undefined,
): Promise<Census> {
  for (const user of users) await deleteUser(host.client, user);
  await eventually('all VMs to be gone', SETTLE_MS, async () => {
    const { vms, containers } = await readFleet(host.client);
    if (vms.length + containers.length > 0)
      throw new Error(`${vms.length} VMs, ${containers.length} containers left`);
  });
  let census = await takeCensus(host);
  if (before === undefined) return census;
  const deadlineMs = performance.now() + QUIET_MS;
  while (leaksBetween(before, census).length > 0 && performance.now() < deadlineMs) {
    await sleep(1_000);
    census = await takeCensus(host);
  }
  return census;
}

async function thrash(
  host: GuestlessHost,
  users: readonly string[],
  rounds: number,
  seed: number,
  signal: AbortSignal,
) {
  const random = seededRandom(seed);
  const done = new Map<Operation, number>();
  for (let round = 1; round <= rounds && !signal.aborted; round += 1) {
    await Promise.all(
      users.map(async (user) => {
        const what = pickOne(OPERATIONS, random);
        await sleep(random() * PAUSE_MS_MAX);
        await operate(host, user, what, `round-${round}`);
        done.set(what, (done.get(what) ?? 0) + 1);
      }),
    );
    if (round % SETTLE_EVERY > 0 && round < rounds) continue;
    await settle(host);
    const { started } = await host.vmms.counts();
    say(`round ${round} of ${rounds}: at rest; ${started} VMM starts so far`);
  }
  return done;
}

function report(before: Census, after: Census, memory: readonly Record<string, number>[]): void {
  say('\n| count | before | after |\n|---|---|---|');
  for (const [what, count] of Object.entries(after)) say(`| ${what} | ${before[what] ?? 0} | ${count} |`);
  const mib = (bytes = 0) => `${Math.round(bytes / 2 ** 20)} MiB`;
  for (const part of Object.keys(memory[1] ?? {}))
    say(`| memory of ${part} | ${mib(memory[0]?.[part])} | ${mib(memory[1]?.[part])} |`);
}

await runMain('bench:thrash', async (signal) => {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '100' },
      vms: { type: 'string', default: '4' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const [rounds, vms, seed] = [Number(values.rounds), Number(values.vms), Number(values.seed)];
  if (!(rounds >= 1 && vms >= 1 && vms <= 16 && Number.isInteger(seed))) throw new Error(USAGE);
  const users = Array.from({ length: vms }, (_, index) => `thrash-${index}`);
  say(
    `seed ${seed}; ${rounds} rounds over ${vms} VMs without guests; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  const host = await GuestlessHost.start('thrash', signal);
  try {
    // What the first VM ever leaves open for the next ones is no leak.
    for (const user of users) await declareUser(host.client, user);
    await settle(host);
    const before = await clear(host, users, undefined);
    const memoryBefore = await residentBytes(host);
    const load = startLoad(host.client, userVmDefinition);
    const beginMs = performance.now();
    const done = await thrash(host, users, rounds, seed, signal).finally(() => load.stop());
    signal.throwIfAborted();
    const seconds = (performance.now() - beginMs) / 1000;
    const after = await clear(host, users, before);
    report(before, after, [memoryBefore, await residentBytes(host)]);
    const { started, twice } = await host.vmms.counts();
    const counts = [...done].map(([what, count]) => `${count} ${what}`).join(', ');
    say(
      `\n${seconds.toFixed(0)} s; ${counts}; ${started} VMM starts; ${load.lists()} lists, ${load.events()} events`,
    );
    const leaks = leaksBetween(before, after);
    for (const leak of leaks) say(`LEAK: ${leak.what}: ${leak.before} before, ${leak.after} after`);
    if (twice > 0) say(`VIOLATION: ${twice} times a second VMM was started beside a living one`);
    say(leaks.length + twice === 0 ? 'no leak' : `failed; replay with --seed ${seed}`);
    return leaks.length + twice === 0 ? 0 : 1;
  } finally {
    await host.stop();
  }
});
