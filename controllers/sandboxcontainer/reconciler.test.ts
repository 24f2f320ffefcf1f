import test from 'ava';
import { FakeWorld } from './testing/fake-world.ts';

const reasons = (world: FakeWorld) => world.events.map(({ reason }) => reason);

async function converged(...names: string[]): Promise<FakeWorld> {
  const world = new FakeWorld();
  world.addVm();
  for (const name of names) {
    world.addContainer(name);
    world.answering.add(name);
  }
  await world.run(5_000);
  return world;
}

test('live and dev are made, routed and ready, each at its own address', async (t) => {
  const world = await converged('live', 'dev');
  t.is(world.status('live').phase, 'Running');
  t.deepEqual([world.status('live').address, world.status('dev').address], ['10.89.0.10', '10.89.0.11']);
  t.deepEqual(Object.fromEntries(world.guest.routes), { live: '10.89.0.10:8080', dev: '10.89.0.11:8080' });
  t.true(world.status('live').ready);
  t.deepEqual(reasons(world).filter((reason) => reason === 'Created').length, 2);
  const { env, limits } = world.guest.named('live').create;
  t.like(env, {
    HOLT_USER: 'alice',
    HOLT_VM_ID: 'vm-1',
    HOLT_CONTAINER_NAME: 'live',
    HOLT_ROLE: 'live',
    PORT: '8080',
  });
  t.deepEqual(limits, { cpuCores: 0.5, memoryBytes: 256 * 2 ** 20, pids: 256 });
});

test('a converged container is neither written nor touched again, also by a new process', async (t) => {
  const world = await converged('live', 'dev');
  const before = world.object('live').metadata.resourceVersion;
  const effects = world.effectCount;
  await world.run(10_000);
  world.restart();
  await world.run(10_000);
  t.is(world.effectCount, effects);
  t.is(world.object('live').metadata.resourceVersion, before);
});

test('containers of a VM share the lists of their guest', async (t) => {
  const world = await converged('live', 'dev');
  const before = world.guest.listCount;
  await Promise.all([world.pass('live'), world.pass('dev')]);
  t.is(world.guest.listCount, before + 1);
});

test('without its VM in sight a container is let be, and waits until the VM is ready', async (t) => {
  const world = new FakeWorld();
  world.addContainer('live');
  await world.run(1_000);
  t.is(world.effectCount, 0);
  world.addVm(false);
  await world.run(1_000);
  t.is(world.readyReason('live'), 'UserVmNotReady');
  t.is(world.guest.listCount, 0);
  world.answering.add('live');
  world.setVmReady(true);
  await world.run(3_000);
  t.true(world.status('live').ready);
});

test('what leaves the view of its node is let go of, and nothing in its guest is touched', async (t) => {
  for (const leave of [
    (world: FakeWorld) => world.hideContainer('live'),
    (world: FakeWorld) => world.hideVm(),
  ]) {
    const world = await converged('live');
    const { containers, routes } = structuredClone({
      containers: [...world.guest.containers.keys()],
      routes: [...world.guest.routes],
    });
    const { effectCount } = world;
    leave(world);
    await world.pass('live');
    await world.pass('live');
    t.is(world.effectCount, effectCount);
    t.deepEqual([...world.guest.containers.keys()], containers);
    t.deepEqual([...world.guest.routes], routes);
    t.deepEqual(world.forgotten, ['uid-live']);
  }
});

test('one that is made anew under its name takes nothing over from the one before', async (t) => {
  const world = await converged('live');
  world.hideContainer('live');
  world.addContainer('live', {}, 'uid-next');
  await world.pass('live');
  t.deepEqual(world.forgotten, ['uid-live']);
});

test('a deleted container whose VM is not in sight keeps its finalizer', async (t) => {
  const world = await converged('live');
  world.hideVm();
  world.delete('live');
  await world.run(60_000, 5_000);
  t.deepEqual(world.object('live').metadata.finalizers, ['holt.dev/container']);
  t.is(world.guest.containers.size, 1);
});

test('a container without a finalizer gets one before it is made', async (t) => {
  const world = new FakeWorld();
  world.addVm();
  world.addContainer('live');
  const order: string[] = [];
  world.decide = (effect) => {
    order.push(effect);
    return 'ok';
  };
  await world.run(1_000);
  t.deepEqual(order.slice(0, 4), ['patch', 'createContainer', 'startContainer', 'commitStatus']);
});

test('the route comes with readiness and goes with it', async (t) => {
  const world = await converged('live');
  world.answering.delete('live');
  await world.run(3_000);
  t.is(world.guest.routes.size, 0);
  t.false(world.status('live').ready);
  t.is(world.readyReason('live'), 'ProbeFailing');
  world.answering.add('live');
  await world.run(3_000);
  t.is(world.guest.routes.get('live'), '10.89.0.10:8080');
  t.true(world.status('live').ready);
});

test('Ready is true only once the ingress is programmed', async (t) => {
  const world = new FakeWorld();
  world.addVm();
  world.addContainer('live');
  world.answering.add('live');
  world.decide = (effect) => (effect === 'setRoute' ? 'before' : 'ok');
  await world.run(3_000);
  t.false(world.status('live').ready);
  t.is(world.readyReason('live'), 'RuntimeUnreachable');
  world.decide = () => 'ok';
  await world.run(3_000);
  t.true(world.status('live').ready);
});

test('a restarted ingress gets its route back without a change of readiness', async (t) => {
  const world = await converged('live');
  world.guest.isIngressSilent = true;
  world.guest.routes.clear();
  await world.run(3_000);
  t.true(world.status('live').ready);
  world.guest.isIngressSilent = false;
  await world.run(3_000);
  t.is(world.guest.routes.get('live'), '10.89.0.10:8080');
});

test('a container removed inside the guest is told and made again', async (t) => {
  const world = await converged('live');
  const { containerId } = world.status('live');
  world.guest.containers.clear();
  await world.run(3_000);
  t.true(world.status('live').ready);
  t.not(world.status('live').containerId, containerId);
  t.is(world.status('live').restartCount, 1);
  t.true(reasons(world).includes('Disappeared'));
});

test('a changed spec makes the container anew; a changed probe does not', async (t) => {
  const world = await converged('live');
  const { containerId } = world.status('live');
  world.changeSpec('live', { restartPolicy: 'OnFailure' });
  await world.run(3_000);
  t.is(world.status('live').containerId, containerId);
  t.is(world.status('live').observedGeneration, 2);
  world.changeSpec('live', { env: [{ name: 'A', value: '1' }] });
  await world.run(3_000);
  t.not(world.status('live').containerId, containerId);
  t.is(world.guest.named('live').create.env.A, '1');
  t.true(reasons(world).includes('Recreated'));
  t.false(reasons(world).includes('Disappeared'));
  t.is(world.status('live').restartCount, 0);
});

test('an end is recorded first, then the container is started again after the back-off', async (t) => {
  const world = await converged('live');
  world.guest.end('live', { exitCode: 137, oomKilled: true });
  await world.pass('live');
  await world.clock.advance(200);
  await world.pass('live');
  t.like(world.status('live').lastExit, { exitCode: 137, reason: 'OOMKilled' });
  t.is(world.status('live').phase, 'BackOff');
  t.is(world.guest.routes.size, 0);
  await world.run(3_000);
  t.is(world.status('live').phase, 'Running');
  t.is(world.status('live').restartCount, 1);
  t.like(world.status('live').lastExit, { reason: 'OOMKilled' });
});

test('restarts are spaced ever wider', async (t) => {
  const world = await converged('live');
  const startsWithin = async (durationMs: number) => {
    const before = world.guest.effects.length;
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs += 500) {
      if (world.guest.named('live').state === 'running') world.guest.end('live', { exitCode: 1 });
      await world.run(500);
    }
    return world.guest.effects.slice(before).filter((effect) => effect === 'start live').length;
  };
  // 1 + 2 + 4 + 8 + 16 s, then 32 s and 60 s at most.
  t.true((await startsWithin(33_000)) <= 5);
  t.true((await startsWithin(240_000)) <= 6);
});

test('a job that completes stays as it is, also over a boot of the VM', async (t) => {
  const world = new FakeWorld();
  world.addVm();
  world.addContainer('job', { restartPolicy: 'Never' });
  await world.run(2_000);
  world.guest.end('job', { exitCode: 0 });
  await world.run(2_000);
  t.is(world.status('job').phase, 'Exited');
  t.like(world.status('job').lastExit, { exitCode: 0, reason: 'Completed' });
  const effects = world.guest.effects.length;
  world.setVmReady(false);
  world.guest.reboot();
  await world.run(1_000);
  world.setVmReady(true);
  world.guest.containers.clear();
  await world.run(5_000);
  t.is(world.status('job').phase, 'Exited');
  t.is(world.guest.effects.length, effects);
});

test('OnFailure starts again after a failure only', async (t) => {
  const world = new FakeWorld();
  world.addVm();
  world.addContainer('job', { restartPolicy: 'OnFailure' });
  await world.run(2_000);
  world.guest.end('job', { exitCode: 3 });
  await world.run(5_000);
  t.is(world.status('job').phase, 'Running');
  world.guest.end('job', { exitCode: 0 });
  await world.run(5_000);
  t.is(world.status('job').phase, 'Exited');
});

test('a boot of the VM makes containers anew, without a crash told', async (t) => {
  const world = await converged('live');
  world.setVmReady(false);
  await world.run(1_000);
  t.is(world.status('live').phase, 'Pending');
  t.false(world.status('live').ready);
  world.guest.reboot();
  world.setVmReady(true);
  await world.run(3_000);
  t.true(world.status('live').ready);
  t.is(world.status('live').restartCount, 0);
  t.is(world.status('live').address, '10.89.0.10');
  t.is(world.status('live').lastExit, undefined);
  t.is(world.guest.containers.size, 1);
});

test('a VM that was not ready for a moment finds its containers untouched', async (t) => {
  const world = await converged('live');
  const { containerId } = world.status('live');
  const effects = world.guest.effects.filter((effect) => !effect.includes('route')).length;
  world.setVmReady(false);
  await world.run(1_000);
  world.setVmReady(true);
  await world.run(3_000);
  t.is(world.status('live').containerId, containerId);
  t.true(world.status('live').ready);
  t.is(world.guest.effects.filter((effect) => !effect.includes('route')).length, effects);
});

test('a container that stays at its pids limit is stopped, and the reason is told', async (t) => {
  const world = await converged('live');
  world.guest.named('live').pids = 256;
  await world.run(1_000);
  t.is(world.status('live').phase, 'Running');
  await world.run(3_000);
  t.like(world.status('live').lastExit, { exitCode: 137, reason: 'PidsLimitExceeded' });
  t.is(world.status('live').restartCount, 1);
});

test('what cannot be made says why and how to mend it', async (t) => {
  const world = new FakeWorld();
  world.addVm();
  world.addContainer('live', { source: { closure: '/opt/nothing' } });
  world.addContainer('dev', { source: { image: 'registry/bad' }, command: undefined });
  world.addContainer('sidecar', { command: ['/missing'] });
  await world.run(3_000);
  t.deepEqual(
    ['live', 'dev', 'sidecar'].map((name) => [world.readyReason(name), world.status(name).phase]),
    [
      ['ClosureNotFound', 'BackOff'],
      ['ImageUnavailable', 'BackOff'],
      ['StartFailed', 'BackOff'],
    ],
  );
  world.changeSpec('live', { source: { closure: '/opt/holt/closures/node' } });
  world.changeSpec('dev', { source: { image: 'registry/good' } });
  world.changeSpec('sidecar', { command: ['/ok'] });
  await world.run(2_000);
  t.deepEqual(
    ['live', 'dev', 'sidecar'].map((name) => world.status(name).phase),
    ['Running', 'Running', 'Running'],
  );
});

test('deletion takes route, container and finalizer; a stopped VM does not hold it up', async (t) => {
  const world = await converged('live', 'dev');
  world.delete('live');
  await world.run(1_000);
  t.is(world.containers.get('default', 'live'), undefined);
  t.deepEqual([...world.guest.routes.keys()], ['dev']);
  t.is(world.guest.containers.size, 1);
  world.setVmReady(false);
  world.delete('dev');
  await world.run(1_000);
  t.is(world.containers.get('default', 'dev'), undefined);
});

test('an object made anew under the same name gets a container of its own', async (t) => {
  const world = await converged('live');
  world.delete('live');
  world.setVmReady(false);
  await world.run(1_000);
  world.addContainer('live', {}, 'another-uid');
  world.setVmReady(true);
  await world.run(3_000);
  t.is(world.guest.containers.size, 1);
  t.is(world.guest.named('live').create.labels['holt.dev/uid'], 'another-uid');
});

test('a guest that stops answering is told after a while, and readiness stays', async (t) => {
  const world = await converged('live');
  world.guest.isUnreachable = true;
  await world.run(10_000);
  t.is(world.status('live').phase, 'Running');
  await world.run(10_000);
  const started = world.status('live').conditions?.find(({ type }) => type === 'Started');
  t.like(started, { status: 'Unknown', reason: 'RuntimeUnreachable' });
  t.true(world.status('live').ready);
  world.guest.isUnreachable = false;
  await world.run(3_000);
  t.is(world.status('live').conditions?.find(({ type }) => type === 'Started')?.status, 'True');
});
