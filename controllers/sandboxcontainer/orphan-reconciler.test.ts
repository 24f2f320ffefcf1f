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
  /** What the API server has that this node does not see; a rejection where it cannot be asked. */
  const elsewhere = new Map<string, string | Error>();
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
    lookUp: async (_vm, { uid }) => {
      const found = elsewhere.get(uid);
      if (found instanceof Error) throw found;
      return found;
    },
    tickMs: 2_500,
  });
  const run = async (durationMs: number) => {
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs += 2_500) {
      await reconciler
        .reconcile({ namespace: 'default', name: 'alice' }, { signal: new AbortController().signal })
        .catch(() => {});
      await world.clock.advance(2_500);
    }
  };
  return { world, told, run, elsewhere };
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

test('a container that the API server knows stays, and so does its route, seen from here or not', async (t) => {
  const { world, told, run, elsewhere } = await setUp();
  const labels = { 'holt.dev/uid': 'unseen', 'holt.dev/name': 'dev' };
  await world.guest.createContainer(create('dev', labels));
  world.guest.routes.set('dev', '10.89.0.99:80');
  elsewhere.set('unseen', 'dev');
  await run(30_000);
  t.deepEqual(told, []);
  t.is(world.guest.containers.size, 2);
  t.true(world.guest.routes.has('dev'));
  elsewhere.delete('unseen');
  await run(5_000);
  t.deepEqual([world.guest.containers.size, world.guest.routes.has('dev')], [1, false]);
});

test('while the API server cannot be asked, nothing that it might know is removed', async (t) => {
  const { world, run, elsewhere } = await setUp();
  await world.guest.createContainer(create('old', { 'holt.dev/uid': 'unseen', 'holt.dev/name': 'old' }));
  elsewhere.set('unseen', new Error('no answer'));
  await run(30_000);
  t.is(world.guest.containers.size, 2);
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
