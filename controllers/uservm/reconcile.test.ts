import test from 'ava';
import { FaultPlan } from '../testing/fault-plan.ts';
import { Drive, IMAGE, UID } from './testing/drive.ts';
import { parseVmmRecord } from './vmm-record.ts';

async function runningVm(): Promise<Drive> {
  const drive = new Drive();
  await drive.settle();
  return drive;
}

const reasonsOf = (drive: Drive) => drive.api.events.map(({ reason }) => reason);
const readyOf = (drive: Drive) => drive.api.object?.status?.conditions?.find(({ type }) => type === 'Ready');

test('a bound VM becomes ready: steps in order with their times, events, finalizer, boot count', async (t) => {
  const drive = await runningVm();
  const { status, metadata } = drive.api.object ?? {};
  t.like(status, { phase: 'Running', vmId: 'vm-0a1b2c3d4e5f', bootCount: 1, observedGeneration: 1 });
  t.deepEqual(
    status?.lifecycle?.map(({ name }) => name),
    [
      'imageVerified',
      'volumeReady',
      'networkReady',
      'vmmStarted',
      'vmCreated',
      'vmBooted',
      'guestReachable',
      'ready',
    ],
  );
  t.deepEqual(reasonsOf(drive), ['Provisioned', 'Booted', 'Ready']);
  t.deepEqual(metadata?.finalizers, ['holt.dev/vm']);
});

test('a converged VM costs no write, also after a restart of the process', async (t) => {
  const drive = await runningVm();
  const { writeCount } = drive.api;
  const pid = drive.host.living()[0]?.pid;
  for (let check = 0; check < 3; check += 1) {
    await drive.clock.advance(10_000);
    await drive.settle();
  }
  drive.restart();
  await drive.settle();
  t.is(drive.api.writeCount, writeCount);
  t.is(drive.host.living()[0]?.pid, pid);
});

test('a killed VMM is told as VmmExited and started anew; the second time it waits', async (t) => {
  const drive = await runningVm();
  const { bootId } = drive.api.object?.status ?? {};
  drive.host.kill(drive.host.living()[0]?.pid ?? 0);
  t.is(await drive.once(), 0);
  t.like(drive.api.events.at(-1), { type: 'Warning', reason: 'VmmExited' });
  t.is(drive.api.object?.status?.vmmPid, undefined);
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', bootCount: 2 });
  t.not(drive.api.object?.status?.bootId, bootId);
  drive.host.kill(drive.host.living()[0]?.pid ?? 0);
  await drive.once();
  t.is(await drive.once(), 1_000);
  t.is(drive.api.object?.status?.phase, 'Failed');
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Running');
});

test('a deaf guest is stopped hard when its grace is over', async (t) => {
  const drive = await runningVm();
  drive.host.isGuestDeaf = true;
  drive.api.setSpec({ powerState: 'Stopped' });
  const beginMs = drive.clock.monotonicMs();
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Stopped');
  const tookMs = drive.clock.monotonicMs() - beginMs;
  t.true(tookMs >= 20_000 && tookMs < 23_000, `${tookMs}`);
  t.is(drive.host.living().length, 0);
  t.false(drive.host.taps.has(drive.host.tap));
  t.is(drive.host.volumes.size, 1);
});

test('a silent guest is left alone for a while, then the VM is made anew', async (t) => {
  const drive = await runningVm();
  drive.host.isGuestSilent = true;
  await drive.clock.advance(10_000);
  await drive.once();
  t.is(readyOf(drive)?.status, 'True');
  await drive.clock.advance(2_000);
  await drive.once();
  await drive.clock.advance(2_000);
  await drive.once();
  t.like(readyOf(drive), { status: 'False', reason: 'GuestUnresponsive' });
  drive.host.isGuestSilent = false;
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', bootCount: 2 });
  t.true(reasonsOf(drive).includes('GuestUnresponsive'));
});

test('a guest that falls silent again and again is brought back each time, after a back-off that is waited for once', async (t) => {
  const drive = await runningVm();
  for (let round = 1; round <= 4; round += 1) {
    drive.host.isGuestSilent = true;
    for (let call = 0; call < 50 && drive.host.living().length > 0; call += 1)
      await drive.clock.advance(Math.max(1, (await drive.once()) ?? 1));
    t.is(drive.host.living().length, 0, `round ${round}`);
    drive.host.isGuestSilent = false;
    const downSinceMs = drive.clock.monotonicMs();
    await drive.settle();
    t.like(drive.api.object?.status, { phase: 'Running', bootCount: round + 1 });
    t.true(drive.clock.monotonicMs() - downSinceMs < 10_000, `round ${round}`);
  }
});

test('a guest that never answers is given up with BootTimeout and tried again with back-off', async (t) => {
  const drive = new Drive();
  drive.host.isGuestSilent = true;
  for (let call = 0; call < 2_000 && !reasonsOf(drive).includes('BootTimeout'); call += 1) {
    await drive.clock.advance(Math.max(1, (await drive.once()) ?? 1));
  }
  t.true(drive.clock.monotonicMs() > 60_000);
  t.is(drive.api.object?.status?.phase, 'Stopping');
  drive.host.isGuestSilent = false;
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Running');
});

test('a recycle stops, boots with another recycle id and is marked as done when ready; the volume stays', async (t) => {
  const drive = await runningVm();
  drive.api.setSpec({ recycleRequest: 'monday' });
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', recycledFor: 'monday', bootCount: 2 });
  t.true(reasonsOf(drive).includes('Recycling'));
  const cmdline = drive.host.living()[0]?.cmdline ?? '';
  t.regex(cmdline, /holt\.recycle=[\w-]{22}$/);
  // Taking the field away asks for nothing.
  drive.api.removeRecycleRequest();
  await drive.settle();
  t.is(drive.api.object?.status?.bootCount, 2);
});

test('a spec changed while the controller was down converges', async (t) => {
  const drive = await runningVm();
  drive.api.setSpec({ cpus: 2 });
  drive.restart();
  await drive.settle();
  const record = parseVmmRecord([...drive.host.records.values()][0]);
  t.is(record?.boot.cpus, 2);
  t.is(drive.api.object?.status?.observedGeneration, 2);
});

test('a deleted tap: put back at once, the VM follows on the new one', async (t) => {
  const drive = await runningVm();
  drive.host.taps.delete(drive.host.tap);
  await drive.once();
  t.true(drive.host.taps.has(drive.host.tap));
  t.like(drive.api.events.at(-1), { type: 'Warning', reason: 'TapRepaired' });
  await drive.settle();
  t.is(drive.host.living()[0]?.tapIfindex, drive.host.taps.get(drive.host.tap));
});

test('a deleted firewall entry is put back without touching the VM', async (t) => {
  const drive = await runningVm();
  const pid = drive.host.living()[0]?.pid;
  drive.host.firewall.delete(drive.host.tap);
  await drive.once();
  t.true(drive.host.firewall.has(drive.host.tap));
  t.like(drive.api.events.at(-1), { reason: 'FirewallRepaired' });
  await drive.settle();
  t.is(drive.host.living()[0]?.pid, pid);
});

test('a missing image is said once, and the VM starts when it comes', async (t) => {
  const drive = new Drive();
  const { images } = drive;
  const message = 'there is no GuestImage "default"';
  drive.images = () => ({ state: 'missing', reason: 'GuestImageNotFound', message });
  await drive.once();
  t.like(drive.api.object?.status, { phase: 'Failed' });
  t.like(readyOf(drive), { status: 'False', reason: 'GuestImageNotFound', message });
  const { writeCount } = drive.api;
  t.is(await drive.once(), 5_000);
  t.is(drive.api.writeCount, writeCount);
  drive.images = images;
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Running');
});

test('a step that fails stands in the condition with its reason', async (t) => {
  const drive = new Drive();
  const faults = new FaultPlan();
  drive.inject(faults);
  drive.host.ensureVolume = async () => {
    throw Object.assign(new Error('no room for /volumes/a.raw: 10 bytes needed, 5 bytes free'), {
      name: 'DiskFullError',
    });
  };
  await drive.once();
  t.like(readyOf(drive), { status: 'False', reason: 'DiskFull' });
  t.regex(readyOf(drive)?.message ?? '', /ensureVolume: no room for .* 10 bytes needed, 5 bytes free/);
});

test('a deleted VM that never booted goes at once with its volume, then the finalizer', async (t) => {
  const drive = new Drive();
  drive.host.isGuestSilent = true;
  await drive.once();
  t.is(drive.host.living().length, 1);
  drive.api.delete();
  await drive.settle();
  t.is(drive.api.object, undefined);
  t.is(drive.host.volumes.size + drive.host.taps.size + drive.host.runDirectories.size, 0);
});

test('a VM bound to another node is left alone', async (t) => {
  const drive = new Drive();
  await drive.api.commitStatus({
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'StatusCommit',
    metadata: {},
    status: { nodeName: 'node-2' },
    events: [],
    reportingComponent: 'test',
    reportingInstance: 'test',
  });
  const { writeCount } = drive.api;
  t.is(await drive.once(), undefined);
  t.is(drive.api.writeCount, writeCount);
  t.is(drive.host.living().length, 0);
});

test('a VM that leaves the view loses nothing, and is found as it was when it comes back', async (t) => {
  const drive = await runningVm();
  const { host, api } = drive;
  const pid = host.living()[0]?.pid;
  const { writeCount } = api;
  api.isInSight = false;
  // A watch by node says DELETED of what names another node, as of what is gone.
  t.is(await drive.once(), undefined);
  t.is(host.living()[0]?.pid, pid);
  t.deepEqual([host.volumes.size, host.taps.size, host.runDirectories.size], [1, 1, 1]);
  t.is(api.writeCount, writeCount);
  t.deepEqual(api.object?.metadata.finalizers, ['holt.dev/vm']);
  api.isInSight = true;
  await drive.settle();
  t.is(host.living()[0]?.pid, pid);
  t.like(api.object?.status, { phase: 'Running', bootCount: 1 });
});

test('a change that cannot be made leaves the VM serving, and says why', async (t) => {
  const drive = await runningVm();
  const pid = drive.host.living()[0]?.pid;
  const { ensureVolume } = drive.host;
  drive.host.ensureVolume = async () => {
    throw Object.assign(new Error('no room'), { name: 'DiskFullError' });
  };
  drive.api.setSpec({ dataVolume: { size: '100Ti' } });
  await drive.once();
  await drive.once();
  const conditions = drive.api.object?.status?.conditions ?? [];
  t.like(
    conditions.find(({ type }) => type === 'Provisioned'),
    { status: 'False', reason: 'DiskFull' },
  );
  t.is(readyOf(drive)?.status, 'True');
  t.is(drive.host.living()[0]?.pid, pid);
  // Nor does it keep the VM from coming back.
  drive.host.kill(pid ?? 0);
  for (let call = 0; call < 100; call += 1) await drive.clock.advance(Math.max(1, (await drive.once()) ?? 1));
  t.like(drive.api.object?.status, { phase: 'Running', bootCount: 2 });
  drive.host.ensureVolume = ensureVolume;
  await drive.clock.advance(60_000);
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', bootCount: 3, observedGeneration: 2 });
});

test('a VM is not restarted onto an image that is not there', async (t) => {
  const drive = await runningVm();
  const pid = drive.host.living()[0]?.pid;
  drive.images = () => ({ state: 'missing', reason: 'GuestImageNotFound', message: 'no such image' });
  drive.api.setSpec({ guestImage: 'other' });
  await drive.once();
  t.is(drive.host.living()[0]?.pid, pid);
  t.is(readyOf(drive)?.status, 'True');
  t.like(drive.api.events.at(-1), { type: 'Warning', reason: 'GuestImageNotFound' });
});

function corrupt(): Error {
  const message = '/images/0/root.erofs has digest sha256:b, expected sha256:a';
  return Object.assign(new Error(message), { name: 'ArtifactError', isPresent: true });
}

test('nothing boots from an image that was changed; it is said once, and the VM starts when it is mended', async (t) => {
  const drive = new Drive();
  drive.host.imageError = corrupt();
  for (let call = 0; call < 5; call += 1) await drive.clock.advance((await drive.once()) ?? 0);
  t.like(readyOf(drive), { status: 'False', reason: 'GuestImageCorrupt' });
  t.regex(readyOf(drive)?.message ?? '', /root\.erofs has digest/);
  t.is(drive.api.events.filter(({ reason }) => reason === 'GuestImageCorrupt').length, 1);
  t.deepEqual([...drive.host.processes, ...drive.host.volumes], [], 'nothing was begun');
  drive.host.imageError = undefined;
  await drive.clock.advance(60_000);
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Running');
});

test('an image that is changed between the start of the VMM and the boot is not booted; the VMM is ended', async (t) => {
  const drive = new Drive();
  let lookCount = 0;
  drive.host.onVerifyImage = () => {
    lookCount += 1;
    if (lookCount === 2) drive.host.imageError = corrupt();
  };
  await drive.once();
  t.is(drive.host.living()[0]?.state, 'created');
  t.like(readyOf(drive), { status: 'False', reason: 'GuestImageCorrupt' });
  for (let call = 0; call < 5; call += 1) await drive.clock.advance((await drive.once()) ?? 0);
  t.deepEqual(drive.host.living(), []);
  drive.host.imageError = undefined;
  await drive.clock.advance(60_000);
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Running');
  t.deepEqual(drive.host.violations, []);
});

test('a VM that runs goes on when its image is changed, and is not stopped for what could not boot', async (t) => {
  const drive = await runningVm();
  const pid = drive.host.living()[0]?.pid;
  drive.host.imageError = corrupt();
  await drive.once();
  t.is(readyOf(drive)?.status, 'True');
  drive.api.setSpec({ recycleRequest: 'again' });
  await drive.once();
  t.is(drive.host.living()[0]?.pid, pid);
  t.is(readyOf(drive)?.status, 'True');
  t.like(drive.api.events.at(-1), { type: 'Warning', reason: 'GuestImageCorrupt' });
  drive.host.imageError = undefined;
  await drive.clock.advance(60_000);
  await drive.settle();
  t.not(drive.host.living()[0]?.pid, pid);
  t.like(drive.api.object?.status, { phase: 'Running', recycledFor: 'again' });
  t.deepEqual(drive.host.violations, []);
});

test('a paused VM stands still until it is asked to go on: one boot, no check, no repair, no restart', async (t) => {
  const drive = await runningVm();
  const { bootId } = drive.api.object?.status ?? {};
  drive.api.setSpec({ powerState: 'Paused' });
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Paused', bootId, bootCount: 1 });
  t.like(readyOf(drive), { status: 'False', reason: 'Paused' });
  // What would make it anew waits; so does a guest that cannot answer.
  drive.api.setSpec({ cpus: 2 });
  drive.host.taps.delete(drive.host.tap);
  for (let check = 0; check < 30; check += 1) {
    await drive.clock.advance(10_000);
    await drive.once();
  }
  t.is(drive.host.living()[0]?.state, 'paused');
  t.deepEqual(drive.host.violations, []);
  drive.api.setSpec({ cpus: 1 });
  const tap = drive.host.living()[0]?.tapIfindex;
  if (tap !== undefined) drive.host.taps.set(drive.host.tap, tap);
  drive.api.setSpec({ powerState: 'Running' });
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', bootId, bootCount: 1 });
  t.deepEqual(reasonsOf(drive).slice(-2), ['Resumed', 'Ready']);
});

test('a VM whose VMM ended while it was paused is stopped, and boots when it is asked to run', async (t) => {
  const drive = await runningVm();
  drive.api.setSpec({ powerState: 'Paused' });
  await drive.settle();
  drive.host.kill(drive.host.living()[0]?.pid ?? 0);
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Stopped');
  t.regex(readyOf(drive)?.message ?? '', /no VM runs that could be paused/);
  t.deepEqual(reasonsOf(drive).slice(-3), ['Paused', 'VmmExited', 'Stopped']);
  drive.api.setSpec({ powerState: 'Running' });
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', bootCount: 2 });
});

test('a VM that cannot be paused serves on, and says why', async (t) => {
  const drive = await runningVm();
  const { pauseVm } = drive.host;
  drive.host.pauseVm = () => Promise.reject(new Error('a device does not stop'));
  drive.api.setSpec({ powerState: 'Paused' });
  await drive.once();
  t.is(readyOf(drive)?.status, 'True');
  t.like(drive.api.events.at(-1), { type: 'Warning', reason: 'PauseFailed' });
  drive.host.pauseVm = pauseVm;
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Paused');
});

async function sleepingVm(): Promise<Drive> {
  const drive = await runningVm();
  drive.api.setSpec({ powerState: 'Standby' });
  await drive.settle();
  return drive;
}

test('a VM in standby has no VMM and no tap; woken it goes on with the same boot, and its snapshot is gone', async (t) => {
  const drive = await sleepingVm();
  const { bootId } = drive.api.object?.status ?? {};
  t.like(drive.api.object?.status, { phase: 'Standby', vmmPid: undefined, bootCount: 1 });
  t.is(drive.api.object?.status?.guestImage?.name, 'default');
  t.like(readyOf(drive), { status: 'False', reason: 'Standby' });
  t.deepEqual([drive.host.living().length, drive.host.taps.size, drive.host.standbys.size], [0, 0, 1]);
  const { writeCount } = drive.api;
  drive.restart();
  await drive.settle();
  t.is(drive.api.writeCount, writeCount);
  drive.api.setSpec({ powerState: 'Running' });
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', bootId, bootCount: 1 });
  t.is(drive.host.standbys.size, 0);
  t.deepEqual(reasonsOf(drive).slice(3), ['Suspending', 'Standby', 'Woken', 'Provisioned', 'Ready']);
  t.true(drive.api.object?.status?.lifecycle?.some(({ name }) => name === 'vmRestored'));
});

const VOID_SNAPSHOTS: Readonly<Record<string, (drive: Drive) => void>> = {
  'is corrupt': ({ host }) => {
    host.snapshot = undefined;
  },
  'has a volume that was written to': ({ host }) => {
    host.volumeWriteCount += 1;
  },
  'is of another size': ({ api }) => api.setSpec({ memory: '2Gi' }),
  'is of another artifact': (drive) => {
    drive.images = () => ({
      state: 'verified',
      image: { ...IMAGE, digest: `sha256:${'1'.repeat(64)}` },
    });
  },
  'comes before a recycle': ({ api }) => api.setSpec({ recycleRequest: 'one' }),
};

for (const [what, make] of Object.entries(VOID_SNAPSHOTS)) {
  test(`a snapshot that ${what} is not used: the VM boots, and says so`, async (t) => {
    const drive = await sleepingVm();
    make(drive);
    drive.api.setSpec({ powerState: 'Running' });
    await drive.settle();
    t.like(drive.api.object?.status, { phase: 'Running', bootCount: 2 });
    t.true(reasonsOf(drive).includes('SnapshotUnusable'));
    t.is(drive.host.standbys.size, 0);
    t.deepEqual(drive.host.violations, []);
  });
}

test('a VM that cannot be written out serves on, and is tried again later', async (t) => {
  const drive = await runningVm();
  const { requireSnapshotRoom } = drive.host;
  drive.host.requireSnapshotRoom = () =>
    Promise.reject(Object.assign(new Error('no room'), { name: 'DiskFullError' }));
  drive.api.setSpec({ powerState: 'Standby' });
  for (let call = 0; call < 5; call += 1) await drive.clock.advance((await drive.once()) ?? 1);
  t.is(readyOf(drive)?.status, 'True');
  t.like(drive.api.events.at(-1), { type: 'Warning', reason: 'DiskFull' });
  t.is(drive.host.living()[0]?.state, 'running');
  drive.host.requireSnapshotRoom = requireSnapshotRoom;
  await drive.clock.advance(60_000);
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Standby');
});

test('a snapshot that fails lets the VM go on between the tries', async (t) => {
  const drive = await runningVm();
  drive.host.takeSnapshot = () => Promise.reject(new Error('a device cannot be written out'));
  drive.api.setSpec({ powerState: 'Standby' });
  const states = new Set<string | undefined>();
  for (let call = 0; call < 60; call += 1) {
    await drive.clock.advance(Math.max(1, (await drive.once()) ?? 1));
    states.add(`${drive.host.living()[0]?.state} ${readyOf(drive)?.status}`);
  }
  t.true(states.has('running True'), [...states].join(', '));
  t.true(reasonsOf(drive).includes('StandbyFailed'));
  t.deepEqual(drive.host.violations, []);
});

const NEXT = { ...IMAGE, digest: `sha256:${'1'.repeat(64)}` };
const assignment = { name: 'default', digest: NEXT.digest, apply: 'Now', revision: 2 } as const;

test('an artifact that a rollout gave a VM: at its next start, or by a recycle where it is said', async (t) => {
  const drive = await runningVm();
  drive.images = (_name, assigned) => ({ state: 'verified', image: assigned === NEXT.digest ? NEXT : IMAGE });
  const vmm = drive.host.living()[0]?.pid;
  drive.api.assign({ ...assignment, apply: 'NextStart' });
  await drive.settle();
  t.is(drive.host.living()[0]?.pid, vmm);
  drive.api.assign({ ...assignment, name: 'another' });
  await drive.settle();
  t.is(drive.host.living()[0]?.pid, vmm, 'of an image that it does not name any more');
  drive.api.assign(assignment);
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', bootCount: 2, guestImage: { digest: NEXT.digest } });
  t.true(reasonsOf(drive).includes('Recycling'));
  t.deepEqual(drive.api.object?.status?.desiredImage, assignment, 'the node keeps what the manager wrote');
  t.deepEqual([...drive.host.volumes.keys()], [UID]);
});

test('a VM stays as it is where the artifact that it was given cannot be booted, and says so', async (t) => {
  const drive = await runningVm();
  const reason = 'GuestImageUnavailable';
  const vmm = drive.host.living()[0]?.pid;
  drive.images = () => ({ state: 'pending' });
  drive.api.assign(assignment);
  await drive.once();
  t.deepEqual(reasonsOf(drive), ['Provisioned', 'Booted', 'Ready'], 'being verified is no trouble');
  drive.images = () => ({ state: 'missing', reason, message: 'it is not there' });
  await drive.once();
  t.is(drive.host.living()[0]?.pid, vmm);
  t.like(drive.api.object?.status, { phase: 'Running' });
  const provisioned = drive.api.object?.status?.conditions?.find(({ type }) => type === 'Provisioned');
  t.like(provisioned, { status: 'False', reason });
});

test('failures with one artifact do not hold the next one up', async (t) => {
  const drive = await runningVm();
  for (let kill = 0; kill < 6; kill += 1) {
    drive.host.kill(drive.host.living()[0]?.pid ?? 0);
    await drive.settle();
  }
  drive.host.kill(drive.host.living()[0]?.pid ?? 0);
  await drive.once();
  await drive.once();
  t.deepEqual(drive.host.living(), [], 'it waits');
  drive.images = () => ({ state: 'verified', image: NEXT });
  drive.api.assign(assignment);
  await drive.once();
  t.is(drive.host.living().length, 1);
});

/** Every VMM ends right after its boot, until this many were tried or nothing is tried any more. */
async function crashLoop(drive: Drive, callsMax: number): Promise<number> {
  let bootCount = 0;
  for (let call = 0; call < callsMax; call += 1) {
    const requeueAfterMs = await drive.once();
    const booted = drive.host.living()[0];
    if (booted !== undefined) {
      bootCount += 1;
      drive.host.kill(booted.pid);
      continue;
    }
    if (requeueAfterMs === undefined) break;
    await drive.clock.advance(Math.max(1, requeueAfterMs));
  }
  return bootCount;
}

const stalledOf = (drive: Drive) =>
  drive.api.object?.status?.conditions?.find(({ type }) => type === 'Stalled');

test('a VM whose starts fail one after the other is stalled after minutes, also for a new process, until its spec changes', async (t) => {
  const drive = new Drive();
  const beginMs = drive.clock.monotonicMs();
  const bootCount = await crashLoop(drive, 500);
  t.true(bootCount >= 6 && bootCount < 20, `${bootCount}`);
  t.true(drive.clock.monotonicMs() - beginMs >= 300_000);
  t.like(stalledOf(drive), { status: 'True', reason: 'Stalled' });
  t.is(drive.api.object?.status?.phase, 'Failed');
  t.is(reasonsOf(drive).filter((reason) => reason === 'Stalled').length, 1);
  drive.restart();
  const { writeCount } = drive.api;
  t.is(await drive.once(), undefined);
  t.deepEqual([drive.api.writeCount, drive.host.living().length], [writeCount, 0]);
  // Another artifact is another chance too.
  const images = drive.images;
  drive.images = () => ({
    state: 'verified',
    image: { ...IMAGE, digest: `sha256:${'2'.repeat(64)}` },
  });
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Running');
  t.is(stalledOf(drive), undefined);
  drive.images = images;
});

test('a VM that is killed again and again after it served is never stalled', async (t) => {
  const drive = await runningVm();
  for (let round = 0; round < 12; round += 1) {
    drive.host.kill(drive.host.living()[0]?.pid ?? 0);
    // What `settle` takes for a health check may be a long back-off.
    await drive.settle();
    await drive.clock.advance(60_000);
    await drive.settle();
  }
  t.is(drive.api.object?.status?.phase, 'Running');
  t.is(stalledOf(drive), undefined);
});

test('a recycle is another chance for a VM that is stalled', async (t) => {
  const drive = new Drive();
  await crashLoop(drive, 500);
  t.truthy(stalledOf(drive));
  drive.api.setSpec({ recycleRequest: 'again' });
  await drive.settle();
  t.is(drive.api.object?.status?.phase, 'Running');
  t.is(stalledOf(drive), undefined);
});
