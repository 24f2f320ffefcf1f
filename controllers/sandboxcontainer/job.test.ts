import test from 'ava';
import { FakeWorld } from './testing/fake-world.ts';

interface JobFields {
  readonly restartPolicy?: 'Never' | 'OnFailure';
  readonly [field: string]: unknown;
}

/** A job in a ready VM, running. */
async function running({ restartPolicy = 'OnFailure', ...job }: JobFields = {}): Promise<FakeWorld> {
  const world = new FakeWorld();
  world.addVm();
  world.addContainer('job', { restartPolicy, job, readinessProbe: undefined });
  await world.run(2_000);
  return world;
}

const starts = (world: FakeWorld) => world.guest.effects.filter((effect) => effect === 'start job').length;
const reasons = (world: FakeWorld) => world.events.map(({ reason }) => reason);
const conditionsOf = (world: FakeWorld) =>
  Object.fromEntries(
    (world.status('job').conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );

test('an attempt is told before its program starts, and its success once and for all', async (t) => {
  const world = new FakeWorld();
  const seen: unknown[] = [];
  world.addVm();
  world.addContainer('job', { restartPolicy: 'Never', readinessProbe: undefined });
  world.decide = (effect) => {
    if (effect === 'startContainer') seen.push(world.status('job').attempts, world.status('job').active);
    return 'ok';
  };
  await world.run(2_000);
  t.deepEqual(seen, [1, 1]);
  t.like(world.status('job'), { phase: 'Running', attempts: 1, failedAttempts: 0, active: 1 });
  world.guest.end('job', { exitCode: 0 });
  await world.run(2_000);
  const { phase, active, startTime, completionTime, lastExit } = world.status('job');
  t.deepEqual([phase, active], ['Exited', 0]);
  t.truthy(startTime);
  t.truthy(completionTime);
  t.like(lastExit, { exitCode: 0, reason: 'Completed', containerId: world.guest.named('job').id });
  t.is(conditionsOf(world).Complete, 'True Completed');
  world.restart();
  world.guest.reboot();
  await world.run(5_000);
  world.guest.containers.clear();
  await world.run(5_000);
  t.is(starts(world), 1);
  t.is(world.status('job').phase, 'Exited');
});

for (const restartPolicy of ['OnFailure', 'Never'] as const) {
  test(`${restartPolicy}: a failing job stops at its limit`, async (t) => {
    const world = await running({ restartPolicy, backoffLimit: 2 });
    const ids = new Set<string>();
    for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 500) {
      ids.add(world.guest.named('job').id);
      if (world.guest.named('job').state === 'running') world.guest.end('job', { exitCode: 3 });
      await world.run(500);
    }
    t.is(starts(world), 3);
    t.is(ids.size, restartPolicy === 'OnFailure' ? 1 : 3);
    t.like(world.status('job'), { phase: 'Failed', attempts: 3, failedAttempts: 3, active: 0 });
    t.is(world.status('job').completionTime, undefined);
    t.is(conditionsOf(world).Failed, 'True BackoffLimitExceeded');
    t.is(reasons(world).filter((reason) => reason === 'Error').length, 3);
    t.is(reasons(world).filter((reason) => reason === 'BackOff').length, 2);
    t.is(reasons(world).filter((reason) => reason === 'BackoffLimitExceeded').length, 1);
  });
}

test('a boot in the middle of an attempt is told as its failure, and with limit 0 nothing runs twice', async (t) => {
  const world = await running({ backoffLimit: 0 });
  world.guest.reboot();
  await world.run(5_000);
  t.is(starts(world), 1);
  t.like(world.status('job'), { phase: 'Failed', attempts: 1, failedAttempts: 1 });
  t.like(world.status('job').lastExit, { exitCode: 137, reason: 'Interrupted' });
  t.true(reasons(world).includes('Interrupted'));
  const again = await running({ backoffLimit: 1 });
  again.setVmReady(false);
  await again.run(1_000);
  again.guest.reboot();
  again.setVmReady(true);
  await again.run(5_000);
  t.like(again.status('job'), { phase: 'Running', attempts: 2, failedAttempts: 1, active: 1 });
  t.is(starts(again), 2);
});

test('a VM that was not ready for a moment, or was in standby, costs no attempt', async (t) => {
  const world = await running();
  world.setVmReady(false);
  await world.run(1_000);
  t.is(world.status('job').phase, 'Pending');
  world.setVmReady(true);
  await world.run(2_000);
  t.like(world.status('job'), { phase: 'Running', attempts: 1, failedAttempts: 0, active: 1 });
  t.is(starts(world), 1);
});

test('an end while the controller or the VM was away is told as it was', async (t) => {
  const world = await running();
  world.setVmReady(false);
  await world.run(1_000);
  world.guest.end('job', { exitCode: 7 });
  world.restart();
  world.setVmReady(true);
  await world.run(500);
  t.like(world.status('job').lastExit, { exitCode: 7, reason: 'Error' });
  world.setVmReady(false);
  await world.run(500);
  world.setVmReady(true);
  await world.run(5_000);
  t.like(world.status('job'), { phase: 'Running', attempts: 2, failedAttempts: 1 });
});

test('the deadline ends a running attempt, and one that waits', async (t) => {
  const world = await running({ activeDeadlineSeconds: 10 });
  await world.run(12_000);
  t.deepEqual(
    world.guest.effects.filter((effect) => effect.startsWith('stop')),
    ['stop job'],
  );
  t.like(world.status('job').lastExit, { exitCode: 143, reason: 'DeadlineExceeded' });
  t.is(conditionsOf(world).Failed, 'True DeadlineExceeded');
  const away = await running({ activeDeadlineSeconds: 10 });
  away.setVmReady(false);
  await away.run(12_000);
  t.is(conditionsOf(away).Failed, 'True DeadlineExceeded');
  t.is(away.guest.named('job').state, 'running');
  away.setVmReady(true);
  await away.run(3_000);
  t.is(away.guest.named('job').state, 'exited');
  t.is(away.status('job').phase, 'Failed');
});

test('what cannot be started fails its attempts; what cannot be made waits', async (t) => {
  const world = new FakeWorld();
  world.addVm();
  world.addContainer('job', { restartPolicy: 'Never', command: ['/missing'], job: { backoffLimit: 1 } });
  await world.run(10_000);
  t.is(conditionsOf(world).Failed, 'True BackoffLimitExceeded');
  t.like(world.status('job'), { attempts: 2, failedAttempts: 2 });
  world.addContainer('job', { restartPolicy: 'Never', source: { closure: '/opt/nothing' } }, 'uid-2');
  await world.run(30_000);
  t.is(world.readyReason('job'), 'ClosureNotFound');
  t.like(world.status('job'), { phase: 'BackOff', attempts: 0, active: 0 });
});

test('a suspended job ends, counts nothing against itself and begins anew when resumed', async (t) => {
  const world = await running({ backoffLimit: 0 });
  world.changeSpec('job', { job: { backoffLimit: 0, suspend: true } });
  await world.run(5_000);
  t.is(world.guest.containers.size, 0);
  t.like(world.status('job'), { phase: 'Pending', active: 0, failedAttempts: 0 });
  t.is(world.status('job').startTime, undefined);
  t.is(conditionsOf(world).Suspended, 'True JobSuspended');
  world.changeSpec('job', { job: { backoffLimit: 0, suspend: false } });
  await world.run(5_000);
  t.like(world.status('job'), { phase: 'Running', attempts: 2, active: 1 });
  t.is(conditionsOf(world).Suspended, 'False JobResumed');
});

test('a converged job is neither written nor touched again', async (t) => {
  const world = await running();
  const quiet = async () => {
    const { effectCount } = world;
    world.restart();
    await world.run(10_000);
    return world.effectCount - effectCount;
  };
  t.is(await quiet(), 0);
  world.guest.end('job', { exitCode: 0 });
  await world.run(3_000);
  t.is(await quiet(), 0);
});
