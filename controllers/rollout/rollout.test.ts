import test from 'ava';
import { Fleet, NEW, NEWER, OLD } from './testing/fleet.ts';

const { signal } = new AbortController();
const NAMES = ['alice', 'bob', 'carol', 'dave'];
const ROLLING = { strategy: 'Rolling', minReadySeconds: 5, progressDeadlineSeconds: 60 } as const;

/** One manager and all nodes, in turn, until nothing changes; `isDone` ends it earlier. */
async function settle(fleet: Fleet, isDone: () => boolean = () => false): Promise<void> {
  const manager = fleet.manager(fleet.effects);
  for (let quiet = 0, round = 0; quiet < 80 && !isDone(); round += 1) {
    if (round > 2_000) throw new Error(`does not settle: ${JSON.stringify(fleet.image.status)}`);
    const before = JSON.stringify([fleet.state, fleet.image.status?.rollout]);
    fleet.checkArtifacts();
    await manager.reconcile({ namespace: '', name: 'default' }, { signal });
    for (const { metadata } of fleet.vms.list()) fleet.step(metadata.name);
    await fleet.clock.advance(1_000);
    quiet = before === JSON.stringify([fleet.state, fleet.image.status?.rollout]) ? quiet + 1 : 0;
  }
}

async function fleetOf(rollout: object = ROLLING, names: readonly string[] = NAMES): Promise<Fleet> {
  const fleet = new Fleet(names, rollout);
  await settle(fleet);
  return fleet;
}

const all = (fleet: Fleet, digit: string) =>
  fleet.vms.list().map(({ metadata }) => `${metadata.name}: ${digit} True`);

test('one VM after the other, and then the image says which artifacts there are', async (t) => {
  const fleet = await fleetOf();
  t.deepEqual(fleet.state, all(fleet, 'a'));
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'b'));
  t.is(fleet.disturbedMax, 1);
  t.like(fleet.image.status?.rollout, {
    ...{ revision: 2, desired: NEW, current: NEW, forNew: NEW, previous: OLD },
    ...{ total: 4, updated: 4, ready: 4, unavailable: 0, failedVms: 0, underway: [] },
  });
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
  t.is(fleet.conditionOf('Degraded'), 'False AsExpected');
  t.deepEqual(fleet.events, ['RollingOut', 'RolloutComplete']);
  const { status } = fleet.vm('alice');
  t.like(status, { desiredImage: { digest: NEW, apply: 'Now' }, previousImage: { digest: OLD } });
  const before = JSON.stringify([fleet.image, fleet.vms.list()]);
  await settle(fleet);
  t.is(JSON.stringify([fleet.image, fleet.vms.list()]), before, 'a second look writes nothing');
});

test('an artifact with which the first VM does not serve goes back by itself, and is not tried again', async (t) => {
  const fleet = await fleetOf();
  for (const name of NAMES) fleet.broken.add(`${NEW} ${name}`);
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'a'));
  t.is(fleet.disturbedMax, 1);
  t.is(fleet.conditionOf('RolledOut'), 'False RolledBack');
  t.is(fleet.conditionOf('Degraded'), 'True RolledBack');
  t.like(fleet.image.status?.rollout, {
    ...{ desired: OLD, current: OLD, previous: OLD, forNew: OLD },
    failed: { digest: NEW, reason: 'ProgressDeadlineExceeded' },
  });
  t.deepEqual(fleet.events, ['RollingOut', 'RollingBack', 'RolledBack']);
  fleet.setSpec({ rollout: { ...fleet.image.spec.rollout, ...ROLLING, paused: true } as never });
  fleet.setSpec({ rollout: { ...fleet.image.spec.rollout, ...ROLLING, paused: false } as never });
  await settle(fleet);
  t.is(fleet.conditionOf('RolledOut'), 'False RolledBack');
  fleet.setSpec({ digest: NEWER });
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'c'));
  t.like(fleet.image.status?.rollout, { failed: undefined, previous: OLD, current: NEWER });
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  t.is(fleet.conditionOf('RolledOut'), 'False RolledBack');
  fleet.setSpec({ digest: NEWER });
  await settle(fleet);
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
  t.like(fleet.image.status?.rollout, { previous: OLD, current: NEWER }, 'not the one that it has');
});

test('VMs that serve with the new artifact go back too, never more than maxUnavailable at once', async (t) => {
  const fleet = await fleetOf({ ...ROLLING, maxUnavailable: '50%' });
  fleet.broken.add(`${NEW} dave`);
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'a'));
  t.is(fleet.disturbedMax, 2);
});

test('canaries first, as many as the percentage says, and more when it rises', async (t) => {
  const fleet = await fleetOf({
    ...ROLLING,
    percentage: 0,
    maxUnavailable: 4,
    canary: { vms: ['team/carol'] },
  });
  fleet.setSpec({ digest: NEW });
  await fleet.manager(fleet.effects).reconcile({ namespace: '', name: 'default' }, { signal });
  t.is(fleet.conditionOf('RolledOut'), 'False RollingOut', 'no node has looked for the artifact yet');
  await settle(fleet);
  t.deepEqual(fleet.state, ['alice: a True', 'bob: a True', 'carol: b True', 'dave: a True']);
  t.is(fleet.conditionOf('RolledOut'), 'False PartitionReached');
  fleet.addVm('erin');
  fleet.crash('alice');
  await settle(fleet);
  t.is(fleet.vm('erin').status?.guestImage?.digest, OLD);
  t.is(fleet.vm('alice').status?.guestImage?.digest, OLD);
  fleet.setSpec({ rollout: { percentage: 50 } as never });
  await settle(fleet);
  t.is(fleet.state.filter((each) => each.includes(': b')).length, 3);
  fleet.setSpec({ rollout: { percentage: 100 } as never });
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'b'));
});

test('stopped VMs wait for the proof, count for nothing, and start with the new artifact', async (t) => {
  const fleet = await fleetOf();
  fleet.setPower('bob', 'Stopped');
  await settle(fleet);
  fleet.setSpec({ digest: NEW });
  await settle(fleet, () => fleet.vm('alice').status?.guestImage?.digest === NEW);
  t.is(fleet.vm('bob').status?.desiredImage, undefined);
  await settle(fleet);
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
  t.like(fleet.vm('bob').status?.desiredImage, { digest: NEW, apply: 'NextStart' });
  fleet.setPower('bob', 'Running');
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'b'));
});

test('a VM that was down before neither holds the rollout up nor lets it fail', async (t) => {
  const fleet = await fleetOf();
  for (const digest of [OLD, NEW]) fleet.broken.add(`${digest} bob`);
  fleet.crash('bob');
  await settle(fleet);
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
  t.is(fleet.vm('bob').status?.guestImage?.digest, NEW);
});

test('VMs on a node without the artifact stay as they are, and the rollout says so', async (t) => {
  const fleet = await fleetOf(ROLLING, ['alice']);
  fleet.addVm('bob', 'node-2');
  await settle(fleet);
  fleet.without.add('node-2');
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  t.deepEqual(fleet.state, ['alice: b True', 'bob: a True']);
  t.is(fleet.conditionOf('RolledOut'), 'False ArtifactMissing');
  t.is(fleet.conditionOf('Degraded'), 'False AsExpected');
  fleet.without.clear();
  await settle(fleet);
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
});

test('OnRecycle: each VM with its own next start; one that fails so is led back', async (t) => {
  const fleet = await fleetOf({ ...ROLLING, strategy: 'OnRecycle' });
  fleet.broken.add(`${NEW} bob`);
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'a'));
  t.is(fleet.conditionOf('RolledOut'), 'False WaitingForStarts');
  fleet.crash('alice');
  await settle(fleet);
  t.is(fleet.vm('alice').status?.guestImage?.digest, NEW);
  fleet.crash('bob');
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'a'));
  t.is(fleet.conditionOf('Degraded'), 'True RolledBack');
});

test('OnRecycle is complete when every VM has started anew', async (t) => {
  const fleet = await fleetOf({ ...ROLLING, strategy: 'OnRecycle' });
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  for (const name of NAMES) fleet.crash(name);
  await settle(fleet);
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
  t.is(fleet.image.status?.rollout?.current, NEW);
});

test('paused: nothing more is given, what fails still goes back; without autoRollback it stands still', async (t) => {
  const fleet = await fleetOf();
  fleet.setSpec({ digest: NEW });
  await settle(fleet, () => fleet.vm('alice').status?.guestImage?.digest === NEW);
  fleet.setSpec({ rollout: { paused: true } as never });
  await settle(fleet);
  t.deepEqual(fleet.state, ['alice: b True', 'bob: a True', 'carol: a True', 'dave: a True']);
  t.is(fleet.conditionOf('RolledOut'), 'False RolloutPaused');
  fleet.broken.add(`${NEW} bob`);
  fleet.setSpec({ rollout: { paused: false, autoRollback: false } as never });
  await settle(fleet);
  t.is(fleet.conditionOf('RolledOut'), 'False ProgressDeadlineExceeded');
  t.deepEqual(fleet.state, ['alice: b True', 'bob: b False', 'carol: a True', 'dave: a True']);
  fleet.setSpec({ digest: OLD });
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'a'));
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
});

test('as many as maxFailed may fail', async (t) => {
  const fleet = await fleetOf({ ...ROLLING, maxFailed: 1, maxUnavailable: 2 });
  fleet.broken.add(`${NEW} bob`);
  fleet.setSpec({ digest: NEW });
  await settle(fleet);
  t.deepEqual(fleet.state, ['alice: b True', 'bob: b False', 'carol: b True', 'dave: b True']);
  t.is(fleet.conditionOf('RolledOut'), 'True RolloutComplete');
});

test('another artifact in the middle: VMs go on to it from wherever they are', async (t) => {
  const fleet = await fleetOf();
  fleet.broken.add(`${NEW} alice`);
  fleet.setSpec({ digest: NEW });
  await settle(fleet, () => fleet.vm('alice').status?.guestImage?.digest === NEW);
  fleet.setSpec({ digest: NEWER });
  await settle(fleet);
  t.deepEqual(fleet.state, all(fleet, 'c'));
  t.is(fleet.disturbedMax, 1);
  t.deepEqual(
    fleet.image.status?.rollout?.history?.map(({ outcome }) => outcome),
    ['Complete', 'Superseded', 'Complete'],
  );
});
