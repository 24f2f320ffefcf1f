import test from 'ava';
import { Drive } from './testing/drive.ts';

async function servingVm(): Promise<Drive> {
  const drive = new Drive();
  await drive.settle();
  return drive;
}

/** Reconciles for so long, whatever comes of it. */
async function live(drive: Drive, forMs: number): Promise<void> {
  const endMs = drive.clock.monotonicMs() + forMs;
  while (drive.clock.monotonicMs() < endMs) await drive.clock.advance(Math.max(5, (await drive.once()) ?? 5));
}

/** The API server is back; long enough for every back-off. */
async function reconnect(drive: Drive): Promise<void> {
  drive.api.reconnect();
  await live(drive, 90_000);
  await drive.settle();
}

const pidOf = (drive: Drive) => drive.host.living()[0]?.pid;
const reasonsSince = (drive: Drive, count: number) =>
  drive.api.events.slice(count).map(({ reason }) => reason);

test('a VMM that dies while the API server is away is brought back at once; all is told in order later', async (t) => {
  const drive = await servingVm();
  const before = drive.api.object?.status;
  const { length } = drive.api.events;
  drive.api.cutOff('down');
  const killed = pidOf(drive);
  drive.host.kill(killed ?? 0);
  await live(drive, 1_000);
  t.is(drive.host.living().length, 1);
  t.not(pidOf(drive), killed);
  t.deepEqual(drive.api.object?.status, before, 'nothing is written without the API server');
  await live(drive, 30_000);
  await reconnect(drive);
  t.deepEqual(reasonsSince(drive, length), ['VmmExited', 'Provisioned', 'Booted', 'Ready']);
  t.like(drive.api.object?.status, { phase: 'Running', vmmPid: pidOf(drive), bootCount: 2 });
  t.deepEqual(drive.host.violations, []);
});

test('a second end within the outage backs off and is told too', async (t) => {
  const drive = await servingVm();
  const { length } = drive.api.events;
  drive.api.cutOff('down');
  for (const round of [1, 2]) {
    drive.host.kill(pidOf(drive) ?? 0);
    await live(drive, 5_000);
    t.is(drive.host.living().length, 1, `round ${round}`);
  }
  await reconnect(drive);
  const reasons = reasonsSince(drive, length);
  t.is(reasons.filter((reason) => reason === 'VmmExited').length, 2);
  t.is(drive.api.object?.status?.bootCount, 3);
});

test('more events than one commit takes are written in turn', async (t) => {
  const drive = await servingVm();
  const { length } = drive.api.events;
  drive.api.cutOff('down');
  const ROUNDS = 10;
  for (let round = 0; round < ROUNDS; round += 1) {
    drive.host.kill(pidOf(drive) ?? 0);
    await live(drive, 90_000);
  }
  await reconnect(drive);
  const reasons = reasonsSince(drive, length);
  t.true(reasons.length > 32);
  t.is(reasons.filter((reason) => reason === 'VmmExited').length, ROUNDS);
  t.like(drive.api.object?.status, { phase: 'Running', vmmPid: pidOf(drive), bootCount: ROUNDS + 1 });
});

test('a write that was done and not answered is not told twice', async (t) => {
  const drive = await servingVm();
  const { length } = drive.api.events;
  drive.api.cutOff('hung');
  drive.host.kill(pidOf(drive) ?? 0);
  await live(drive, 10_000);
  await reconnect(drive);
  t.deepEqual(reasonsSince(drive, length), ['VmmExited', 'Provisioned', 'Booted', 'Ready']);
  t.like(drive.api.object?.status, { phase: 'Running', vmmPid: pidOf(drive), bootCount: 2 });
});

test('what others wrote meanwhile is kept', async (t) => {
  const drive = await servingVm();
  drive.api.cutOff('down');
  drive.host.kill(pidOf(drive) ?? 0);
  await live(drive, 2_000);
  drive.api.setSpec({ cpus: 2 });
  await reconnect(drive);
  t.like(drive.api.object?.status, { phase: 'Running', nodeName: 'node-1', observedGeneration: 2 });
  t.is(drive.host.living().length, 1);
});

test('a process that never saw the VM serve starts nothing without the API server', async (t) => {
  const drive = await servingVm();
  drive.api.cutOff('down');
  drive.restart();
  drive.host.kill(pidOf(drive) ?? 0);
  await live(drive, 30_000);
  t.is(drive.host.living().length, 0);
  await reconnect(drive);
  t.is(drive.host.living().length, 1);
});

test('a stop that the node can know of is not undone without the API server', async (t) => {
  const drive = await servingVm();
  drive.api.setSpec({ powerState: 'Stopped' });
  drive.api.cutOff('down');
  drive.host.kill(pidOf(drive) ?? 0);
  await live(drive, 30_000);
  t.is(drive.host.living().length, 0);
});

test('a VM whose deletion the cache has not seen goes once it has', async (t) => {
  const drive = await servingVm();
  drive.api.cutOff('down');
  drive.api.delete();
  drive.host.kill(pidOf(drive) ?? 0);
  await live(drive, 5_000);
  await reconnect(drive);
  t.is(drive.api.object, undefined);
  t.is(drive.host.living().length + drive.host.volumes.size + drive.host.taps.size, 0);
  t.deepEqual(drive.host.violations, []);
});
