import test from 'ava';
import { pino } from 'pino';
import { GuestObserver } from './guest-observer.ts';
import { OrphanReconciler } from './orphan-reconciler.ts';
import { FakeWorld } from './testing/fake-world.ts';

async function setUp() {
  const world = new FakeWorld();
  world.addVm();
  world.addContainer('live');
  world.answering.add('live');
  await world.run(5_000);
  const told: string[] = [];
  const guestOf = () => world.guest;
  const reconciler = new OrphanReconciler({
    nodeName: 'node-1',
    clock: world.clock,
    logger: pino({ level: 'silent' }),
    containers: world.containers,
    userVms: world.userVms,
    guestOf,
    observer: new GuestObserver({ guestOf, clock: world.clock, maxAgeMs: 0 }),
    tell: async (_vm, events) => {
      told.push(...events.map(({ message }) => message));
    },
    tickMs: 2_500,
  });
  const run = async (durationMs: number) => {
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs += 2_500) {
      await reconciler.reconcile(
        { namespace: 'default', name: 'alice' },
        { signal: new AbortController().signal },
      );
      await world.clock.advance(2_500);
    }
  };
  return { world, told, run };
}

const create = (name: string, labels: Record<string, string>) => ({
  name,
  source: { rootfs: '/opt/holt/closures/node' },
  env: {},
  labels,
});

test('containers of no object go and are told, within the time; others stay', async (t) => {
  const { world, told, run } = await setUp();
  await world.guest.createContainer(create('old', { 'holt.dev/uid': 'gone' }));
  await world.guest.createContainer(create('mine', {}));
  await run(7_500);
  t.is(world.guest.containers.size, 3);
  await run(7_500);
  t.deepEqual(
    [...world.guest.containers.values()].map((container) => container.create.name),
    ['live'],
  );
  t.is(told.length, 2);
  t.true(told.some((message) => message.includes('old') && message.includes('UID gone')));
});

test('a route of no object goes', async (t) => {
  const { world, run } = await setUp();
  world.guest.routes.set('dev', '10.89.0.99:80');
  await run(15_000);
  t.deepEqual([...world.guest.routes.keys()], ['live']);
});

test('a helper that lives for a moment is left alone, and a converged guest is not touched', async (t) => {
  const { world, told, run } = await setUp();
  const id = await world.guest.createContainer(create('helper', { 'holt.dev/helper': 'data' }));
  await run(5_000);
  await world.guest.removeContainer(id);
  const effects = world.guest.effects.length;
  await run(30_000);
  t.is(world.guest.effects.length, effects);
  t.deepEqual(told, []);
});

test('the guest of a VM that is not ready is not called', async (t) => {
  const { world, run } = await setUp();
  world.setVmReady(false);
  const before = world.guest.listCount;
  await run(10_000);
  t.is(world.guest.listCount, before);
});
