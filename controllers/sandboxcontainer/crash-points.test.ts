import test from 'ava';
import { FakeWorld, type Fate } from './testing/fake-world.ts';

interface Scenario {
  readonly name: string;
  /** Brings the world to where the effects of interest begin. */
  readonly prepare: (world: FakeWorld) => Promise<void>;
  /** What the user, or fate, does then. */
  readonly act: (world: FakeWorld) => void;
}

const converge = (world: FakeWorld) => world.run(30_000);

const withBoth = async (world: FakeWorld): Promise<void> => {
  world.addVm();
  for (const name of ['live', 'dev']) {
    world.addContainer(name, { volumeMounts: [{ mountPath: '/data', subPath: 'files' }] });
    world.answering.add(name);
  }
  await converge(world);
};

const job = (world: FakeWorld, policy: Record<string, unknown> = {}) =>
  world.addContainer('job', { restartPolicy: 'Never', readinessProbe: undefined, ...policy });

/** A job whose first attempt runs. */
const withJob =
  (policy: Record<string, unknown> = {}) =>
  async (world: FakeWorld): Promise<void> => {
    world.addVm();
    job(world, policy);
    await world.run(5_000);
  };

const scenarios: readonly Scenario[] = [
  {
    name: 'create',
    prepare: async (world) => {
      world.addVm();
      world.answering.add('live');
    },
    act: (world) => world.addContainer('live', { volumeMounts: [{ mountPath: '/data', subPath: 'files' }] }),
  },
  {
    name: 'create from an image',
    prepare: async (world) => {
      world.addVm();
      world.answering.add('live');
    },
    act: (world) => world.addContainer('live', { source: { image: 'registry/good' } }),
  },
  {
    name: 'recreate for a new spec',
    prepare: withBoth,
    act: (world) => world.changeSpec('live', { env: [{ name: 'VERSION', value: '2' }] }),
  },
  {
    name: 'restart after an end',
    prepare: withBoth,
    act: (world) => world.guest.end('live', { exitCode: 1 }),
  },
  { name: 'disappearance', prepare: withBoth, act: (world) => world.guest.containers.clear() },
  { name: 'boot of the VM', prepare: withBoth, act: (world) => world.guest.reboot() },
  {
    name: 'stuck at the pids limit',
    prepare: withBoth,
    act: (world) => Object.assign(world.guest.named('live'), { pids: 256 }),
  },
  { name: 'loss of readiness', prepare: withBoth, act: (world) => world.answering.delete('live') },
  { name: 'job', prepare: async (world) => void world.addVm(), act: job },
  { name: 'job done', prepare: withJob(), act: (world) => world.guest.end('job', { exitCode: 0 }) },
  {
    name: 'job tried again in a new container',
    prepare: withJob(),
    act: (world) => world.guest.end('job', { exitCode: 1 }),
  },
  {
    name: 'job tried again in place',
    prepare: withJob({ restartPolicy: 'OnFailure' }),
    act: (world) => world.guest.end('job', { exitCode: 1 }),
  },
  {
    name: 'job given up',
    prepare: withJob({ job: { backoffLimit: 0 } }),
    act: (world) => world.guest.end('job', { exitCode: 1 }),
  },
  { name: 'job cut short by a boot', prepare: withJob(), act: (world) => world.guest.reboot() },
  {
    name: 'job over its deadline',
    prepare: withJob({ job: { backoffLimit: 6, activeDeadlineSeconds: 8 } }),
    act: () => {},
  },
  {
    name: 'job suspended',
    prepare: withJob(),
    act: (world) => world.changeSpec('job', { job: { backoffLimit: 6, suspend: true } }),
  },
  {
    name: 'one after the other',
    prepare: async (world) => {
      world.addVm();
      world.addContainer('live', {
        readinessProbe: undefined,
        dependsOn: [{ name: 'dev', condition: 'Ready' }],
      });
      await world.run(3_000);
    },
    act: (world) => world.addContainer('dev', { readinessProbe: undefined }),
  },
  { name: 'delete', prepare: withBoth, act: (world) => world.delete('live') },
];

/** What must be equal after any crash. Ids and times differ by nature; an extra restart may be counted. */
function outcomeOf(world: FakeWorld): unknown {
  return {
    objects: world.containers.list().map(({ metadata, status }) => ({
      name: metadata.name,
      finalizers: metadata.finalizers,
      phase: status?.phase,
      ready: status?.ready,
      address: status?.address,
      lastExit: status?.lastExit?.exitCode,
      attempts: [status?.active, status?.attempts, status?.failedAttempts],
      conditions: status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
      isTrue: [...world.guest.containers.values()].some(({ id }) => id === status?.containerId),
    })),
    containers: [...world.guest.containers.values()]
      .map(({ create, state }) => [create.name, state, create.env.VERSION ?? ''])
      .sort(),
    routes: Object.fromEntries([...world.guest.routes].sort()),
  };
}

async function play(scenario: Scenario, befall?: { at: number; fate: Fate; isRestart: boolean }) {
  const world = new FakeWorld();
  await scenario.prepare(world);
  const first = world.effectCount;
  world.decide = () => {
    if (befall === undefined || world.effectCount - first !== befall.at) return 'ok';
    // The process that met its end does nothing more: the next pass is another process's.
    if (befall.isRestart) world.restart();
    return befall.fate;
  };
  scenario.act(world);
  await converge(world);
  const effects = world.effectCount - first;
  await world.run(10_000);
  const attempts = world.containers.list().map(({ status }) => status?.attempts ?? 0);
  const starts = world.guest.effects.filter((effect) => effect === 'start job').length;
  if (starts > Math.max(0, ...attempts)) throw new Error(`${starts} starts of ${attempts} attempts`);
  return { world, effects, isQuiet: world.effectCount - first === effects };
}

for (const scenario of scenarios) {
  test(`${scenario.name}: converges whatever effect fails, before, after, with or without a crash`, async (t) => {
    const reference = await play(scenario);
    const expected = outcomeOf(reference.world);
    t.true(reference.effects > 0);
    t.true(reference.isQuiet);
    for (let at = 1; at <= reference.effects; at += 1) {
      for (const fate of ['before', 'after'] as const) {
        for (const isRestart of [true, false]) {
          const { world, isQuiet } = await play(scenario, { at, fate, isRestart });
          const what = `effect ${at} of ${reference.effects}, ${fate}, ${isRestart ? 'crash' : 'no crash'}`;
          t.deepEqual(outcomeOf(world), expected, what);
          t.true(isQuiet, `${what}: a converged world is written again`);
        }
      }
    }
    t.log(`${reference.effects} effects, ${reference.effects * 4} crash points`);
  });
}
