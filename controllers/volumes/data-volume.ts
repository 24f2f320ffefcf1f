import { dirname } from 'node:path';
import { type RunCommand, runChecked } from '../../lib/run-command.ts';
import { type Keeping, retainVolume } from './retention/retain-volume.ts';
import { DiskFullError } from './volume-error.ts';
import type { VolumeFiles } from './volume-files.ts';
import type { VolumePaths } from './volume-paths.ts';

export interface DataVolumeDeps {
  readonly files: VolumeFiles;
  readonly run: RunCommand;
}

/** The ext4 label of every data volume. */
const LABEL = 'holt-data';

/**
 * Makes the volume a file of at least `sizeBytes` with an ext4 file system in it, or grows it; never shrinks it
 * and never makes a file system anew. Sparse: what is written takes room. It is made under another name and
 * renamed when whole, so a file of the final name always holds a whole file system. The guest grows the file
 * system at its next boot. Resolves to whether anything was changed.
 * @throws DiskFullError when the bytes that may still be written exceed what is free; CommandError of mkfs
 */
export async function ensureDataVolume(
  deps: DataVolumeDeps,
  volume: { readonly path: string; readonly sizeBytes: number },
): Promise<boolean> {
  const { files } = deps;
  const present = await files.sizeOf(volume.path);
  if (present !== undefined && present >= volume.sizeBytes) return false;
  await files.makeDirectory(dirname(volume.path));
  await requireRoom(files, volume);
  try {
    if (present === undefined) await makeVolume(deps, volume);
    else await files.truncate(volume.path, volume.sizeBytes);
  } catch (error) {
    throw await explain(files, volume, error);
  }
  return true;
}

/** Sets a VM's volume aside for its retention time, and removes what a crash left of its making. */
export async function retireDataVolume(
  deps: { readonly files: VolumeFiles; readonly paths: VolumePaths },
  uid: string,
  keeping: Pick<Keeping, 'owner' | 'retentionMs' | 'nowMs'>,
): Promise<void> {
  const { raw } = deps.paths.live(uid);
  await deps.files.remove(temporaryOf(raw));
  await retainVolume(deps, raw, { ...keeping, id: uid, cause: 'UserVmDeleted' });
}

function temporaryOf(path: string): string {
  return `${path}.tmp`;
}

async function makeVolume(deps: DataVolumeDeps, volume: { path: string; sizeBytes: number }): Promise<void> {
  const temporary = temporaryOf(volume.path);
  await deps.files.remove(temporary);
  await deps.files.truncate(temporary, volume.sizeBytes);
  const options = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard';
  await runChecked(deps.run, ['mkfs.ext4', '-q', '-F', '-m', '0', '-L', LABEL, '-E', options, temporary]);
  await deps.files.publish(temporary, volume.path);
}

/** The disk must hold the volume when it is full: a guest that meets a full host disk loses writes. */
async function requireRoom(files: VolumeFiles, volume: { path: string; sizeBytes: number }): Promise<void> {
  const neededBytes = volume.sizeBytes - (await files.allocatedBytesOf(volume.path));
  const freeBytes = await files.freeBytesAt(dirname(volume.path));
  if (neededBytes > freeBytes) throw new DiskFullError({ path: volume.path, neededBytes, freeBytes });
}

async function explain(
  files: VolumeFiles,
  volume: { path: string; sizeBytes: number },
  error: unknown,
): Promise<unknown> {
  const text =
    error instanceof Error ? `${'code' in error ? error.code : ''} ${error.message}` : String(error);
  if (!/ENOSPC|EFBIG|No space left|File too large/.test(text)) return error;
  const freeBytes = await files.freeBytesAt(dirname(volume.path));
  return new DiskFullError({ path: volume.path, neededBytes: volume.sizeBytes, freeBytes, cause: error });
}
