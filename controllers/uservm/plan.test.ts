import test from 'ava';
import fc from 'fast-check';
import type { BootSpec } from './boot-spec.ts';
import { limitsOf } from './limits.ts';
import type { DesiredVm, Observation } from './observation.ts';
import { planUserVm } from './plan.ts';
import { IMAGE } from './testing/drive.ts';

const LIMITS = limitsOf('kvm');
const NOW_MS = Date.UTC(2026, 0, 1);
const iso = (agoMs: number) => new Date(NOW_MS - agoMs).toISOString();

const bootSpec: fc.Arbitrary<BootSpec> = fc.record({
  cpus: fc.integer({ min: 1, max: 2 }),
  memoryBytes: fc.constantFrom(2 ** 29, 2 ** 30),
  guestImage: fc.constantFrom('default', 'other'),
  volumeBytes: fc.constantFrom(2 ** 30, 2 ** 31),
  recycleId: fc.constantFrom('0', 'one'),
});

const desired: fc.Arbitrary<DesiredVm> = fc.record({
  goal: fc.constantFrom('run', 'pause', 'standby', 'stop', 'delete'),
  boot: bootSpec,
  recycleRequest: fc.constantFrom(undefined, 'one'),
  dueDigest: fc.constantFrom(undefined, IMAGE.digest, `sha256:${'d'.repeat(64)}`),
});

const agoMs = fc.integer({ min: 0, max: 600_000 });

const record = fc.record(
  {
    uid: fc.constant('u'),
    vmId: fc.constant('vm-u'),
    pid: fc.constant(7),
    startTimeTicks: fc.constant(70),
    spawnedAt: agoMs.map(iso),
    tapIfindex: fc.constantFrom(3, 4),
    bootedSpecHash: fc.constant('h'),
    boot: bootSpec,
    imageDigest: fc.constantFrom(IMAGE.digest, `sha256:${'1'.repeat(64)}`),
    resumedAt: agoMs.map(iso),
    restoredFrom: agoMs.map(iso),
    stop: fc.record({
      reason: fc.constant('Stopping'),
      message: fc.constant('m'),
      startedAt: agoMs.map(iso),
      graceMs: fc.constantFrom(0, 20_000),
      pressed: fc.boolean(),
    }),
  },
  {
    requiredKeys: [
      'uid',
      'vmId',
      'pid',
      'startTimeTicks',
      'spawnedAt',
      'tapIfindex',
      'bootedSpecHash',
      'boot',
      'imageDigest',
    ],
  },
);

const standbyRecord = fc.record({
  uid: fc.constant('u'),
  takenAt: agoMs.map(iso),
  boot: bootSpec,
  imageDigest: fc.constantFrom(IMAGE.digest, `sha256:${'1'.repeat(64)}`),
  volumeMark: fc.constantFrom('m1', 'm2'),
  snapshot: fc.record({
    vmmVersion: fc.constant('v1'),
    files: fc.array(fc.record({ name: fc.constant('a'), bytes: fc.nat(), crc32: fc.nat() }), {
      maxLength: 1,
    }),
  }),
});

const liveVmm = fc.record({
  process: fc.constant({ pid: 7, startTicks: 70 }),
  api: fc.constantFrom(
    'unreachable' as const,
    'empty' as const,
    'created' as const,
    'running' as const,
    'paused' as const,
  ),
  guest: fc.constantFrom(undefined, { bootId: 'b', vmId: 'vm-u' }),
  ingress: fc.boolean(),
});

const observation: fc.Arbitrary<Observation> = fc
  .record({
    record: fc.option(record, { nil: undefined }),
    live: fc.option(liveVmm, { nil: undefined }),
    leftover: fc.boolean(),
    portSight: fc.record({
      ifindex: fc.constantFrom(undefined, 3),
      isConverged: fc.boolean(),
      isAbsent: fc.boolean(),
    }),
    image: fc.constantFrom(
      { state: 'verified', image: IMAGE } as const,
      { state: 'pending' } as const,
      { state: 'missing', reason: 'GuestImageNotFound', message: 'm' } as const,
    ),
    bootId: fc.constantFrom(undefined, 'b'),
    wasBooted: fc.boolean(),
    wasReady: fc.boolean(),
    standby: fc.option(standbyRecord, { nil: undefined }),
    volumeMark: fc.constantFrom(undefined, 'm1', 'm2'),
    wasStalled: fc.boolean(),
    wasPaused: fc.boolean(),
    wasRunning: fc.boolean(),
    memory: fc.record({
      retryInMs: fc.constantFrom(0, 1_000),
      lastFailure: fc.constantFrom(undefined, { reason: 'VmCreateFailed', message: 'm' }),
      isStalled: fc.boolean(),
      silentCheckCount: fc.integer({ min: 0, max: 5 }),
    }),
  })
  .map(({ live, leftover, ...seen }) => ({
    ...seen,
    nowMs: NOW_MS,
    port: { tap: 'ht-u', mac: '02:00:00:00:00:01', ip: '10.66.0.2' },
    vmm: seen.record === undefined ? undefined : live,
    leftovers:
      leftover && (seen.record === undefined || live === undefined) ? [{ pid: 8, startTicks: 80 }] : [],
  }));

const anyPlan = fc.tuple(desired, observation).map(([wanted, seen]) => ({
  wanted,
  seen,
  plan: planUserVm(wanted, seen, LIMITS),
}));

function holds(
  predicate: (input: {
    wanted: DesiredVm;
    seen: Observation;
    plan: ReturnType<typeof planUserVm>;
  }) => boolean,
) {
  fc.assert(fc.property(anyPlan, predicate), { numRuns: 3_000 });
}

const names = (plan: ReturnType<typeof planUserVm>) => plan.steps.map(({ name }) => name);

test('a VM is booted only by the look that makes it: another boot of it could come without its disk', (t) => {
  holds(({ plan }) => {
    const steps = names(plan);
    return !steps.includes('bootVm') || steps.includes('createVm');
  });
  t.pass();
});

test('a VMM is started only where none of this VM lives, for a VM that should run, with image, tap and volume before it', (t) => {
  holds(({ wanted, seen, plan }) => {
    const at = names(plan).indexOf('spawnVmm');
    if (at < 0) return true;
    const before = names(plan).slice(0, at);
    const isWake = names(plan).includes('restoreVm');
    return (
      seen.vmm === undefined &&
      seen.record === undefined &&
      seen.leftovers.length === 0 &&
      seen.image.state === 'verified' &&
      wanted.goal === 'run' &&
      [isWake ? 'verifyImage' : 'ensureVolume', 'ensureNetwork', 'prepareRunDirectory'].every((name) =>
        before.some((done) => done === name),
      )
    );
  });
  t.pass();
});

test('files are looked at right before each boot and before each start, and those of the record are booted', (t) => {
  holds(({ seen, plan }) => {
    const verified = (at: number) => {
      const step = plan.steps[at];
      return step?.name === 'verifyImage' ? step.digest : undefined;
    };
    const boot = names(plan).indexOf('bootVm');
    if (boot < 0) return !names(plan).includes('createVm');
    const digest = verified(boot - 1);
    if (names(plan).includes('spawnVmm')) return verified(0) === IMAGE.digest && digest === IMAGE.digest;
    return digest === seen.record?.imageDigest;
  });
  t.pass();
});

test('a volume is removed only for a deleted object without any process', (t) => {
  holds(({ wanted, seen, plan }) => {
    if (!names(plan).includes('removeVolume')) return true;
    return wanted.goal === 'delete' && seen.vmm === undefined && seen.leftovers.length === 0;
  });
  t.pass();
});

test('a live VMM is touched only after the stop was written down, unless it was before', (t) => {
  const ends = ['pressPowerButton', 'shutdownVmm'];
  holds(({ seen, plan }) => {
    const end = names(plan).findIndex((name) => ends.includes(name));
    if (end < 0 || seen.record?.stop !== undefined) return true;
    const begin = names(plan).indexOf('beginStop');
    return begin >= 0 && begin < end;
  });
  t.pass();
});

test('every plan either is settled or says when to look again; a settled one is stopped, deleted or healthy', (t) => {
  holds(
    ({ plan }) =>
      plan.requeueAfterMs !== undefined ||
      ['stopped', 'standby', 'stalled', 'deleted'].includes(plan.outcome.state),
  );
  t.pass();
});

test('a healthy VM with the wanted spec gets no step', (t) => {
  holds(({ wanted, seen, plan }) => {
    const isHealthy =
      wanted.goal === 'run' &&
      seen.record !== undefined &&
      seen.record.stop === undefined &&
      seen.standby === undefined &&
      JSON.stringify(seen.record.boot) === JSON.stringify(wanted.boot) &&
      seen.record.tapIfindex === seen.portSight.ifindex &&
      seen.portSight.isConverged &&
      seen.vmm?.api === 'running' &&
      seen.vmm.guest !== undefined &&
      seen.vmm.ingress;
    return !isHealthy || (plan.steps.length === 0 && plan.outcome.state === 'running');
  });
  t.pass();
});

test('nothing runs while a snapshot could still be restored, and a snapshot is restored into its own world alone', (t) => {
  holds(({ wanted, seen, plan }) => {
    const steps = names(plan);
    const goesOn = Math.max(steps.indexOf('resumeVm'), steps.indexOf('bootVm'));
    const gone = steps.indexOf('removeStandby');
    if (goesOn >= 0 && seen.standby !== undefined && (gone < 0 || gone > goesOn)) return false;
    const restored = steps.indexOf('restoreVm');
    if (restored < 0) return true;
    const isOwnVmm = steps.includes('spawnVmm')
      ? seen.standby?.volumeMark === seen.volumeMark &&
        seen.standby?.imageDigest === IMAGE.digest &&
        seen.standby.boot.cpus === wanted.boot.cpus &&
        seen.standby.boot.recycleId === wanted.boot.recycleId
      : seen.record?.restoredFrom !== undefined && seen.vmm?.api === 'empty';
    return isOwnVmm && seen.standby !== undefined && steps[restored + 1] === 'removeStandby';
  });
  t.pass();
});

test('a VM is written out only while it stands still, and only where that is wanted', (t) => {
  holds(({ wanted, seen, plan }) => {
    if (!names(plan).includes('takeSnapshot')) return true;
    return wanted.goal === 'standby' && seen.vmm?.api === 'paused' && seen.standby === undefined;
  });
  t.pass();
});

test('a VM that is stalled is not started; stalling ends nothing that runs', (t) => {
  holds(({ seen, plan }) => {
    const isStalled = seen.wasStalled || seen.memory.isStalled;
    if (isStalled && names(plan).includes('spawnVmm')) return false;
    return plan.outcome.state !== 'stalled' || (isStalled && seen.vmm === undefined);
  });
  t.pass();
});

test('a VM that is to be paused is never started, and one that is paused is ended by nothing but its owner', (t) => {
  holds(({ wanted, seen, plan }) => {
    if (wanted.goal !== 'pause') return wanted.goal === 'standby' || !names(plan).includes('pauseVm');
    if (names(plan).includes('spawnVmm')) return false;
    const isKept = seen.vmm?.api === 'paused' || (seen.vmm?.api === 'unreachable' && seen.wasPaused);
    return !isKept || seen.record?.stop !== undefined || !names(plan).includes('beginStop');
  });
  t.pass();
});

test('a plan is a function of its arguments alone', (t) => {
  holds(
    ({ wanted, seen, plan }) => JSON.stringify(planUserVm(wanted, seen, LIMITS)) === JSON.stringify(plan),
  );
  t.pass();
});
