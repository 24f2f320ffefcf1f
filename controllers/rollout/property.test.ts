import test from 'ava';
import fc from 'fast-check';
import { Fleet, NEW, NEWER, OLD } from './testing/fleet.ts';
import { RivalManagers } from './testing/rival-managers.ts';

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace'];

/** Numbers that look random, the same for the same seed. Source: mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Run {
  readonly seed: number;
  readonly vmCount: number;
  readonly maxUnavailable: number;
  /** VMs that do not come up with the new artifact. */
  readonly broken: readonly string[];
  readonly stopped: readonly string[];
  /** The user changes the spec once more on the way. */
  readonly second: string | undefined;
}

/** Nodes and managers without any disturbance, until all stands still. */
async function calm(fleet: Fleet, managers: RivalManagers): Promise<void> {
  for (let quiet = 0, round = 0; quiet < 60; round += 1) {
    if (round > 4_000) throw new Error(`does not settle: ${JSON.stringify(fleet.image.status?.rollout)}`);
    const before = JSON.stringify([fleet.state, fleet.image.status?.rollout]);
    fleet.checkArtifacts();
    for (const { metadata } of fleet.vms.list()) fleet.step(metadata.name);
    await managers.step(true);
    await fleet.clock.advance(1_000);
    quiet = before === JSON.stringify([fleet.state, fleet.image.status?.rollout]) ? quiet + 1 : 0;
  }
}

async function carryOut(run: Run): Promise<Fleet> {
  const random = randomOf(run.seed);
  const names = NAMES.slice(0, run.vmCount);
  const { maxUnavailable } = run;
  const rollout = { strategy: 'Rolling', minReadySeconds: 3, progressDeadlineSeconds: 30, maxUnavailable };
  const fleet = new Fleet(names, rollout);
  const managers = new RivalManagers(fleet, random);
  await calm(fleet, managers);
  for (const name of run.broken) fleet.broken.add(`${NEW} ${name}`);
  for (const name of run.stopped) if (names.includes(name)) fleet.setPower(name, 'Stopped');
  fleet.setSpec({ digest: NEW });
  for (let step = 0; step < 250; step += 1) {
    const name = names[random(names.length)] ?? 'alice';
    const dice = random(100);
    if (dice < 45) await managers.step(false);
    else if (dice < 80) fleet.step(name);
    else if (dice < 92) await fleet.clock.advance(random(2_000));
    else if (dice < 95) fleet.checkArtifacts();
    else if (dice < 97) managers.replace();
    else if (dice < 98) fleet.crash(name);
    else fleet.setPower(name, random(2) === 0 ? 'Stopped' : 'Running');
    if (step === 120 && run.second !== undefined) fleet.setSpec({ digest: run.second });
  }
  await calm(fleet, managers);
  return fleet;
}

const anyRun: fc.Arbitrary<Run> = fc.record({
  seed: fc.integer(),
  vmCount: fc.integer({ min: 1, max: NAMES.length }),
  maxUnavailable: fc.integer({ min: 1, max: 3 }),
  broken: fc.oneof(fc.constant([]), fc.subarray(NAMES)),
  stopped: fc.oneof(fc.constant([]), fc.subarray(NAMES)),
  second: fc.constantFrom(undefined, undefined, NEWER, OLD),
});

test('rival managers with stale caches, failures, restarts: never more than maxUnavailable down, and in the end all new or all old', async (t) => {
  const ends = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(anyRun, async (run) => {
      const fleet = await carryOut(run);
      const end = fleet.conditionOf('RolledOut');
      ends.set(end, (ends.get(end) ?? 0) + 1);
      const { desired, underway, updated, total } = fleet.image.status?.rollout ?? {};
      const booted = fleet.vms.list().flatMap(({ status }) => status?.guestImage?.digest ?? []);
      return (
        fleet.disturbedMax <= run.maxUnavailable &&
        booted.every((digest) => digest === desired) &&
        updated === total &&
        underway?.length === 0 &&
        ['True RolloutComplete', 'False RolledBack'].includes(end)
      );
    }),
    { numRuns: 60 },
  );
  t.is(ends.size, 2, 'some were completed, some went back');
  t.log(Object.fromEntries(ends));
});
