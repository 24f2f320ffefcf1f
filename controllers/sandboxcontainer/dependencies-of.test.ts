import test from 'ava';
import { FakeWorld } from './testing/fake-world.ts';

const noProbe = { readinessProbe: undefined };
const after = (name: string, condition: 'Started' | 'Ready' | 'Complete') => ({
  dependsOn: [{ name, condition }],
});
const startsOf = (world: FakeWorld) => world.guest.effects.filter((effect) => effect.startsWith('start'));
const startedReason = (world: FakeWorld, name: string) =>
  world.status(name).conditions?.find(({ type }) => type === 'Started');

function worldOf(containers: Record<string, Record<string, unknown>>): FakeWorld {
  const world = new FakeWorld();
  world.addVm();
  for (const [name, spec] of Object.entries(containers)) world.addContainer(name, spec);
  return world;
}

test('a container is made when the job that it waits for is done', async (t) => {
  const world = worldOf({
    live: { ...noProbe, ...after('job', 'Complete') },
    job: { ...noProbe, restartPolicy: 'Never' },
  });
  await world.run(5_000);
  t.deepEqual(startsOf(world), ['start job']);
  t.like(world.status('live'), { phase: 'Pending', ready: false });
  t.like(startedReason(world, 'live'), {
    reason: 'WaitingForDependencies',
    message: 'waits for job (Complete)',
  });
  world.guest.end('job', { exitCode: 0 });
  await world.run(5_000);
  t.deepEqual(startsOf(world), ['start job', 'start live']);
  t.true(world.status('live').ready);
  world.guest.reboot();
  await world.run(5_000);
  t.is(startsOf(world).filter((effect) => effect === 'start job').length, 1);
  t.true(world.status('live').ready);
  t.is(world.events.filter(({ reason }) => reason === 'WaitingForDependencies').length, 1);
});

test('a job that failed is told to those who wait for it', async (t) => {
  const world = worldOf({
    live: { ...noProbe, ...after('job', 'Complete') },
    job: { ...noProbe, restartPolicy: 'Never', command: ['/missing'], job: { backoffLimit: 0 } },
  });
  await world.run(8_000);
  t.is(startedReason(world, 'live')?.reason, 'DependencyFailed');
  t.is(world.guest.containers.size, 1);
});

test('ready means ready in this boot; a restart in place waits for nobody', async (t) => {
  const world = worldOf({ dev: { ...noProbe, ...after('live', 'Ready') }, live: {} });
  await world.run(3_000);
  t.deepEqual(startsOf(world), ['start live']);
  world.answering.add('live');
  await world.run(3_000);
  t.deepEqual(startsOf(world), ['start live', 'start dev']);
  world.answering.delete('live');
  world.guest.end('dev', { exitCode: 1 });
  await world.run(5_000);
  t.is(world.status('dev').phase, 'Running');
  world.guest.reboot();
  await world.run(5_000);
  t.is(startsOf(world).filter((effect) => effect === 'start dev').length, 2);
});

test('sidecars start first; one that cannot be started holds nobody up', async (t) => {
  const world = worldOf({ live: noProbe, sidecar: noProbe });
  await world.run(5_000);
  t.deepEqual(startsOf(world), ['start sidecar', 'start live']);
  const broken = worldOf({ live: noProbe, sidecar: { ...noProbe, command: ['/missing'] } });
  await broken.run(5_000);
  t.true(broken.status('live').ready);
});

test('a circle is told with its members, and one that is not there is named', async (t) => {
  const world = worldOf({
    live: { ...noProbe, ...after('dev', 'Started') },
    dev: { ...noProbe, ...after('sidecar', 'Started') },
    sidecar: { ...noProbe, ...after('live', 'Started') },
    job: { ...noProbe, restartPolicy: 'Never', ...after('nobody', 'Started') },
  });
  await world.run(3_000);
  t.is(world.guest.containers.size, 0);
  t.like(startedReason(world, 'live'), { reason: 'DependencyCycle' });
  t.regex(startedReason(world, 'live')?.message ?? '', /live -> dev -> sidecar -> live/);
  t.regex(startedReason(world, 'job')?.message ?? '', /nobody \(there is none of that name in this VM\)/);
});

test('deleted together, a sidecar goes last', async (t) => {
  const world = worldOf({ sidecar: noProbe, live: noProbe });
  await world.run(5_000);
  world.delete('sidecar');
  world.delete('live');
  await world.run(10_000);
  t.deepEqual(
    world.guest.effects.filter((effect) => effect.startsWith('remove')),
    ['remove live', 'remove sidecar'],
  );
});
