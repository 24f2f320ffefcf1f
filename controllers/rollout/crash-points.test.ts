import test from 'ava';
import { CrashedError, FAULT_KINDS, FaultPlan } from '../testing/fault-plan.ts';
import { Fleet, NEW } from './testing/fleet.ts';

const { signal } = new AbortController();
const ROLLING = { strategy: 'Rolling', minReadySeconds: 2, progressDeadlineSeconds: 20 } as const;

/** Until nothing changes any more; whatever fails is tried again, whatever dies is started anew. */
async function settle(fleet: Fleet, faults: FaultPlan): Promise<void> {
  let manager = fleet.manager(faults.wrap(fleet.effects));
  for (let quiet = 0, round = 0; quiet < 25; round += 1) {
    if (round > 500) throw new Error('does not settle');
    const before = JSON.stringify([fleet.state, fleet.image.status?.rollout]);
    fleet.checkArtifacts();
    try {
      const work = manager.reconcile({ namespace: '', name: 'default' }, { signal });
      await Promise.race([work, faults.crashed]);
    } catch (error) {
      if (error instanceof CrashedError) {
        faults.restart();
        manager = fleet.manager(faults.wrap(fleet.effects));
      }
    }
    for (const { metadata } of fleet.vms.list()) fleet.step(metadata.name);
    await fleet.clock.advance(1_000);
    quiet = before === JSON.stringify([fleet.state, fleet.image.status?.rollout]) ? quiet + 1 : 0;
  }
}

async function run(isBroken: boolean, faults: FaultPlan): Promise<Fleet> {
  const fleet = new Fleet(['alice', 'bob', 'carol'], ROLLING);
  await settle(fleet, new FaultPlan());
  fleet.setPower('carol', 'Stopped');
  if (isBroken) fleet.broken.add(`${NEW} bob`);
  fleet.setSpec({ digest: NEW });
  await settle(fleet, faults);
  return fleet;
}

function finalStateOf(fleet: Fleet): unknown {
  const { desired, current, previous, forNew, failed, underway, updated, history } =
    fleet.image.status?.rollout ?? {};
  return {
    vms: fleet.state,
    given: fleet.vms.list().map(({ status }) => status?.desiredImage),
    ...{ desired, current, previous, forNew, underway, updated, failed: failed?.digest },
    outcomes: history?.map(({ outcome }) => outcome),
    conditions: ['RolledOut', 'Degraded'].map((type) => fleet.conditionOf(type)),
    // Written with the status: never lost, never told twice.
    events: fleet.events,
  };
}

for (const isBroken of [false, true]) {
  const name = isBroken ? 'a rollout that fails and goes back' : 'a rollout';
  test(`${name}: every effect crashed before, after, failed and ambiguous ends as without a fault`, async (t) => {
    const learned = new FaultPlan();
    const undisturbed = await run(isBroken, learned);
    const count = learned.names.length;
    t.true(count > 10);
    for (let at = 0; at < count; at += 1) {
      for (const kind of FAULT_KINDS) {
        const fleet = await run(isBroken, new FaultPlan({ at, kind }));
        t.deepEqual(finalStateOf(fleet), finalStateOf(undisturbed), `${kind} ${learned.names[at]} (${at})`);
        t.is(fleet.disturbedMax, 1, `${kind} ${learned.names[at]} (${at})`);
      }
    }
    t.log(`${count} effects, ${count * FAULT_KINDS.length} crash points`);
  });
}
