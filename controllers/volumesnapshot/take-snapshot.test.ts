import { appendFile, open, truncate } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { runChecked, runCommand } from '../../lib/run-command.ts';
import { tryEveryCrashPoint } from '../volumes/testing/crash-points.ts';
import { VolumeBed } from '../volumes/testing/volume-bed.ts';
import { DiskFullError } from '../volumes/volume-error.ts';
import { hostVolumeFiles, type VolumeFiles } from '../volumes/volume-files.ts';
import { ext4StateOf } from './ext4-state.ts';
import type { Freeze } from './guest-freeze.ts';
import { SnapshotError } from './snapshot-error.ts';
import { readSnapshot, type SnapshotJob, takeSnapshot } from './take-snapshot.ts';

const owner = { namespace: 'default', name: 'alice', user: 'alice' };
const clock = { nowMs: () => Date.UTC(2026, 0, 1) };
const { signal } = new AbortController();

function jobIn(bed: VolumeBed, over: Partial<SnapshotJob> = {}): SnapshotJob {
  return {
    source: bed.paths.live('vm').raw,
    target: bed.paths.snapshot('one'),
    owner,
    sizeBytesMax: 2 ** 30,
    freeze: async () => ({ state: 'no-vmm' }),
    signal,
    ...over,
  };
}

/** A guest that can be frozen; counts, and does something when it is. */
function guest(onFrozen: () => Promise<void> = async () => {}) {
  const counts = { frozen: 0, thawed: 0 };
  const freeze = async (): Promise<Freeze> => {
    counts.frozen += 1;
    await onFrozen();
    return {
      state: 'frozen',
      thaw: async () => {
        counts.thawed += 1;
      },
    };
  };
  return { counts, freeze };
}

async function bedWithVolume(t: ExecutionContext): Promise<VolumeBed> {
  const bed = await VolumeBed.make(t);
  await bed.put(bed.paths.live('vm').raw, 'precious');
  return bed;
}

async function failsWith(
  t: ExecutionContext,
  files: VolumeFiles,
  job: SnapshotJob,
  reason: string,
): Promise<void> {
  const error = await t.throwsAsync<SnapshotError>(takeSnapshot({ files, clock }, job), {
    instanceOf: SnapshotError,
  });
  t.is<string | undefined, string>(error?.reason, reason);
}

test('a volume of a guest that is frozen: copied, thawed once, sparse as it was, recorded', async (t) => {
  const bed = await bedWithVolume(t);
  const { raw } = bed.paths.live('vm');
  await truncate(raw, 64 * 2 ** 20);
  const { counts, freeze } = guest();
  const record = await takeSnapshot({ files: bed.files, clock }, jobIn(bed, { freeze }));
  t.like(record, { takenAt: '2026-01-01T00:00:00.000Z', sizeBytes: 64 * 2 ** 20, consistency: 'Crash' });
  t.deepEqual(counts, { frozen: 1, thawed: 1 });
  const target = bed.paths.snapshot('one');
  t.is(await bed.files.sizeOf(target.raw), 64 * 2 ** 20);
  t.true((await bed.files.allocatedBytesOf(target.raw)) < 2 ** 20);
  t.deepEqual(await readSnapshot(bed.files, target), record);
  await appendFile(raw, 'more');
  t.deepEqual(await takeSnapshot({ files: bed.files, clock }, jobIn(bed, { freeze })), record, 'taken once');
  t.is(counts.frozen, 1);
});

test('what is written during the copy is noticed, whatever the guest says; nothing is shown', async (t) => {
  const bed = await bedWithVolume(t);
  const { raw } = bed.paths.live('vm');
  const files: VolumeFiles = {
    ...hostVolumeFiles,
    reflink: async () => false,
    async copy(from, to, options) {
      await bed.files.copy(from, to, options);
      await appendFile(raw, 'torn');
    },
  };
  const { counts, freeze } = guest();
  await failsWith(t, files, jobIn(bed, { freeze }), 'VolumeChanged');
  t.is(counts.thawed, 1);
  t.deepEqual(Object.keys(await bed.tree()), ['vm.raw']);
});

test('a guest that cannot be frozen: only by shared blocks, and then as after a power cut', async (t) => {
  const bed = await bedWithVolume(t);
  const freeze = async (): Promise<Freeze> => ({ state: 'refused', message: 'old image' });
  await failsWith(
    t,
    { ...hostVolumeFiles, reflink: async () => false },
    jobIn(bed, { freeze }),
    'GuestNotFrozen',
  );
  const sharing: VolumeFiles = {
    ...hostVolumeFiles,
    async reflink(from, to) {
      await bed.files.copy(from, to, { timeoutMs: 10_000, signal });
      return true;
    },
  };
  const record = await takeSnapshot({ files: sharing, clock }, jobIn(bed, { freeze }));
  t.is(record.consistency, 'Crash');
});

test('no volume, one above its size, a full disk: refused by name before the guest is frozen', async (t) => {
  const bed = await bedWithVolume(t);
  const { counts, freeze } = guest();
  await failsWith(
    t,
    bed.files,
    jobIn(bed, { freeze, source: `${bed.directory}/none.raw` }),
    'VolumeNotFound',
  );
  await failsWith(t, bed.files, jobIn(bed, { freeze, sizeBytesMax: 4 }), 'SizeExceeded');
  const full: VolumeFiles = { ...hostVolumeFiles, freeBytesAt: async () => 0 };
  await t.throwsAsync(takeSnapshot({ files: full, clock }, jobIn(bed, { freeze })), {
    instanceOf: DiskFullError,
  });
  t.is(counts.frozen, 0);
  t.is((await bed.tree())['vm.raw'], 'precious');
});

test('the consistency is what the copy itself says', async (t) => {
  const bed = await VolumeBed.make(t);
  const { raw } = bed.paths.live('vm');
  await bed.put(raw, '');
  await bed.files.truncate(raw, 16 * 2 ** 20);
  t.is(await ext4StateOf(bed.files, raw), 'unknown');
  await runChecked(runCommand, ['mkfs.ext4', '-q', '-F', raw]);
  const record = await takeSnapshot({ files: bed.files, clock }, jobIn(bed));
  t.is(record.consistency, 'FileSystem');
  const file = await open(raw, 'r+');
  const features = Buffer.alloc(4);
  await file.read(features, 0, 4, 1024 + 0x60);
  features.writeUInt32LE(features.readUInt32LE() | 4);
  await file.write(features, 0, 4, 1024 + 0x60);
  await file.close();
  const dirty = await takeSnapshot(
    { files: bed.files, clock },
    jobIn(bed, { target: bed.paths.snapshot('two') }),
  );
  t.is(dirty.consistency, 'Crash');
});

test('with a fault at every effect: never shown before it is whole, and whole in the end', async (t) => {
  const end = await tryEveryCrashPoint(t, {
    prepare: (bed) => bed.put(bed.paths.live('vm').raw, 'precious'),
    work: (bed) => takeSnapshot({ files: bed.files, clock }, jobIn(bed)),
    invariant: async (bed, what) => {
      const tree = await bed.tree();
      const text = tree['snapshots/one.raw'];
      t.true(text === undefined || (text === 'precious' && tree['snapshots/one.json'] !== undefined), what);
    },
  });
  t.deepEqual(Object.keys(end), ['snapshots/one.json', 'snapshots/one.raw', 'vm.raw']);
  t.is(end['snapshots/one.raw'], 'precious');
});
