import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type RunCommand, runChecked, runCommand } from '../../lib/run-command.ts';
import { ensureDataVolume, retireDataVolume } from './data-volume.ts';
import { DiskFullError } from './volume-error.ts';
import { hostVolumeFiles } from './volume-files.ts';
import { volumePaths } from './volume-paths.ts';

const MIB = 1024 * 1024;
const deps = { files: hostVolumeFiles, run: runCommand };

async function volumeIn(t: { teardown(work: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holt-volume-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return join(directory, 'volumes', 'a.raw');
}

test('a new volume is sparse, holds ext4 with its label, and a second call changes nothing', async (t) => {
  const path = await volumeIn(t);
  t.true(await ensureDataVolume(deps, { path, sizeBytes: 64 * MIB }));
  const file = await stat(path);
  t.is(file.size, 64 * MIB);
  t.true(file.blocks * 512 < 16 * MIB);
  const label = await runChecked(runCommand, ['e2label', path]);
  t.is(label.trim(), 'holt-data');
  t.false(await ensureDataVolume(deps, { path, sizeBytes: 64 * MIB }));
  t.is((await stat(path)).mtimeMs, file.mtimeMs);
});

test('a volume grows and never shrinks', async (t) => {
  const path = await volumeIn(t);
  await ensureDataVolume(deps, { path, sizeBytes: 32 * MIB });
  t.true(await ensureDataVolume(deps, { path, sizeBytes: 48 * MIB }));
  t.is((await stat(path)).size, 48 * MIB);
  t.false(await ensureDataVolume(deps, { path, sizeBytes: 16 * MIB }));
  t.is((await stat(path)).size, 48 * MIB);
});

test('too large a volume: the error names path, needed and free bytes, and nothing is left', async (t) => {
  const path = await volumeIn(t);
  const sizeBytes = 2 ** 52;
  const error = await t.throwsAsync(ensureDataVolume(deps, { path, sizeBytes }), {
    instanceOf: DiskFullError,
  });
  t.true(error.message.includes(path));
  t.true(error.message.includes(String(sizeBytes)));
  t.true(error.freeBytes > 0);
  t.is(await hostVolumeFiles.sizeOf(path), undefined);
  t.is(await hostVolumeFiles.sizeOf(`${path}.tmp`), undefined);
});

test('a disk that fills up while the file system is made is a DiskFullError too', async (t) => {
  const path = await volumeIn(t);
  const run: RunCommand = async () => ({ exitCode: 1, stdout: '', stderr: 'mkfs: No space left on device' });
  await t.throwsAsync(ensureDataVolume({ ...deps, run }, { path, sizeBytes: MIB }), {
    instanceOf: DiskFullError,
  });
  t.is(await hostVolumeFiles.sizeOf(path), undefined, 'no half-made volume under the final name');
});

test('what a crash left half-made is made anew, and removal takes it along', async (t) => {
  const path = await volumeIn(t);
  await hostVolumeFiles.makeDirectory(join(path, '..'));
  await writeFile(`${path}.tmp`, 'half');
  t.true(await ensureDataVolume(deps, { path, sizeBytes: 32 * MIB }));
  t.is(await hostVolumeFiles.sizeOf(`${path}.tmp`), undefined);
  await writeFile(`${path}.tmp`, 'half');
  const owner = { namespace: 'default', name: 'alice', user: 'alice' };
  const retire = () =>
    retireDataVolume({ files: hostVolumeFiles, paths: volumePaths(join(path, '..')) }, 'a', {
      ...{ owner, retentionMs: 0, nowMs: 0 },
    });
  await retire();
  t.is(await hostVolumeFiles.sizeOf(path), undefined);
  t.is(await hostVolumeFiles.sizeOf(`${path}.tmp`), undefined);
  await t.notThrowsAsync(retire());
});
