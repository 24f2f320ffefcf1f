import test from 'ava';
import { FAULT_KINDS, FaultPlan } from '../testing/fault-plan.ts';
import { Drive, finalStateOf } from './testing/drive.ts';
import type { FakeHost } from './testing/fake-host.ts';

/** Brings a node to where a scenario begins, and then asks for the change. */
interface Scenario {
  readonly prepare: (drive: Drive) => Promise<void>;
  readonly change: (drive: Drive) => void | Promise<void>;
}

const running = (drive: Drive) => drive.settle();

async function paused(drive: Drive): Promise<void> {
  await drive.settle();
  drive.api.setSpec({ powerState: 'Paused' });
  await drive.settle();
}

async function asleep(drive: Drive): Promise<void> {
  await drive.settle();
  drive.api.setSpec({ powerState: 'Standby' });
  await drive.settle();
}

/** Twenty seconds without the API server; a process that dies meanwhile starts into the outage. */
async function killedDuring(outage: 'down' | 'hung', drive: Drive): Promise<void> {
  // Not older than this process: it has seen the VM serve.
  await drive.settle();
  drive.api.cutOff(outage);
  drive.host.kill(drive.host.living()[0]?.pid ?? 0);
  const endMs = drive.clock.monotonicMs() + 20_000;
  // A process that was started into the outage fails at each turn: the work queue's back-off keeps these few.
  while (drive.clock.monotonicMs() < endMs)
    await drive.clock.advance(Math.max(500, (await drive.once()) ?? 0));
  drive.api.reconnect();
}

/** The VMM is killed while the image's files are wrong; they are mended before the second look. */
function killedOverCorruptImage({ host }: Drive): void {
  host.imageError = Object.assign(new Error('a digest is wrong'), { name: 'ArtifactError', isPresent: true });
  let lookCount = 0;
  host.onVerifyImage = () => {
    lookCount += 1;
    if (lookCount === 2) host.imageError = undefined;
  };
  host.kill(host.living()[0]?.pid ?? 0);
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  create: { prepare: async () => {}, change: () => {} },
  stop: { prepare: running, change: ({ api }) => api.setSpec({ powerState: 'Stopped' }) },
  start: {
    prepare: async (drive) => {
      drive.api.setSpec({ powerState: 'Stopped' });
      await drive.settle();
    },
    change: ({ api }) => api.setSpec({ powerState: 'Running' }),
  },
  recycle: { prepare: running, change: ({ api }) => api.setSpec({ recycleRequest: 'one' }) },
  resize: { prepare: running, change: ({ api }) => api.setSpec({ memory: '2Gi' }) },
  delete: { prepare: running, change: ({ api }) => api.delete() },
  pause: { prepare: running, change: ({ api }) => api.setSpec({ powerState: 'Paused' }) },
  resume: { prepare: paused, change: ({ api }) => api.setSpec({ powerState: 'Running' }) },
  'stop a paused VM': { prepare: paused, change: ({ api }) => api.setSpec({ powerState: 'Stopped' }) },
  'recycle a paused VM': {
    prepare: paused,
    change: ({ api }) => api.setSpec({ powerState: 'Running', recycleRequest: 'one' }),
  },
  standby: { prepare: running, change: ({ api }) => api.setSpec({ powerState: 'Standby' }) },
  'standby of a paused VM': { prepare: paused, change: ({ api }) => api.setSpec({ powerState: 'Standby' }) },
  'standby, taken back while it is carried out': {
    prepare: running,
    change: async (drive) => {
      drive.api.setSpec({ powerState: 'Standby' });
      await drive.once();
      await drive.once();
      drive.api.setSpec({ powerState: 'Running' });
    },
  },
  wake: { prepare: asleep, change: ({ api }) => api.setSpec({ powerState: 'Running' }) },
  'wake from a corrupt snapshot': {
    prepare: asleep,
    change: ({ api, host }) => {
      if (host.snapshot !== undefined) host.snapshot.isWhole = false;
      api.setSpec({ powerState: 'Running' });
    },
  },
  'wake with another size': {
    prepare: asleep,
    change: ({ api }) => api.setSpec({ powerState: 'Running', cpus: 2 }),
  },
  'stop a VM in standby': { prepare: asleep, change: ({ api }) => api.setSpec({ powerState: 'Stopped' }) },
  'delete a VM in standby': { prepare: asleep, change: ({ api }) => api.delete() },
  'VMM killed while paused': { prepare: paused, change: ({ host }) => host.kill(host.living()[0]?.pid ?? 0) },
  'VMM killed': { prepare: running, change: ({ host }) => host.kill(host.living()[0]?.pid ?? 0) },
  'VMM killed without the API server': {
    prepare: running,
    change: (drive) => killedDuring('down', drive),
  },
  'VMM killed while answers are lost': {
    prepare: running,
    change: (drive) => killedDuring('hung', drive),
  },
  'VMM killed over a corrupt image': { prepare: running, change: killedOverCorruptImage },
  'tap deleted': { prepare: running, change: ({ host }) => void host.taps.delete(host.tap) },
  'firewall entry deleted': { prepare: running, change: ({ host }) => void host.firewall.delete(host.tap) },
};

async function play(scenario: Scenario, faults: FaultPlan): Promise<Drive> {
  const drive = new Drive();
  await scenario.prepare(drive);
  drive.inject(faults);
  await scenario.change(drive);
  await drive.settle();
  return drive;
}

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`${name}: every effect crashed before, after, failed and ambiguous ends as without a fault`, async (t) => {
    const learned = new FaultPlan();
    const reference = finalStateOf(await play(scenario, learned));
    t.deepEqual(reference.violations, []);
    t.true(learned.names.length > 3);
    for (const [at, effect] of learned.names.entries()) {
      for (const kind of FAULT_KINDS) {
        const drive = await play(scenario, new FaultPlan({ at, kind }));
        t.deepEqual(finalStateOf(drive), reference, `${kind} at effect ${at}, ${effect}`);
        t.is(drive.crashCount, kind === 'before' || kind === 'after' ? 1 : 0);
      }
    }
  });
}

test('the reference of create is a ready VM on its tap, with everything recorded', async (t) => {
  const { create } = SCENARIOS;
  t.truthy(create);
  if (create === undefined) return;
  const state = finalStateOf(await play(create, new FaultPlan()));
  t.like(state.object, { phase: 'Running', hasPid: true, hasBootId: true });
  t.is(state.processes.length, 1);
  t.like(state.processes[0], { state: 'running', isOnItsTap: true });
  t.regex(
    state.processes[0]?.cmdline ?? '',
    /^console=ttyS0 holt\.vm_id=vm-0a1b2c3d4e5f holt\.user=alice .* holt\.recycle=0$/,
  );
  t.is(state.records, 1);
  t.deepEqual(state.volumes, [['0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d', 4 * 2 ** 30]]);
});

test('canary: a controller that does not look for unrecorded VMMs is caught starting a second one', async (t) => {
  const learned = new FaultPlan();
  const blind = (drive: Drive) => {
    const host: { listProcesses: FakeHost['listProcesses'] } = drive.host;
    host.listProcesses = async () => [];
  };
  const scenario: Scenario = { prepare: async (drive) => blind(drive), change: () => {} };
  await play(scenario, learned);
  const at = learned.names.indexOf('spawnVmm');
  const drive = await play(scenario, new FaultPlan({ at, kind: 'after' }));
  t.deepEqual(drive.host.violations, ['a second VMM was started']);
});
