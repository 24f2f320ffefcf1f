import { constants } from 'node:fs';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { openUntrusted } from '../../lib/untrusted-file.ts';
import type { VmPaths } from '../host/vm-identity.ts';
import type { VmSnapshot } from '../uservm/standby-record.ts';
import type { VmmClient } from '../vmm/vmm-client.ts';
import { DiskFullError } from '../volumes/volume-error.ts';
import { writeTextAtomically } from './run-directory.ts';

/** The files of a snapshot (cloud-hypervisor docs/snapshot_restore.md). */
const SNAPSHOT_FILES = ['config.json', 'state.json', 'memory-ranges'] as const;
/** Room for the device state beside the memory. */
const STATE_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 4 * 1024 * 1024;

/** The snapshot on the disk is not the one that was taken. */
export class SnapshotError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SnapshotError';
  }
}

/** @throws DiskFullError where the memory has no room beside the run directory */
export async function requireSnapshotRoom(paths: VmPaths, memoryBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(paths.directory);
  const neededBytes = memoryBytes + STATE_BYTES;
  if (bavail * bsize >= neededBytes) return;
  throw new DiskFullError({ path: paths.snapshot, neededBytes, freeBytes: bavail * bsize });
}

/**
 * Has the VMM write its paused VM out, and flushes what it wrote.
 * @throws VmmApiError, VmmUnreachableError, UntrustedPathError
 */
export async function takeSnapshot(
  paths: VmPaths,
  vmm: VmmClient,
  options: { readonly timeoutMs: number },
): Promise<VmSnapshot> {
  await removeFiles(paths);
  const { version } = await vmm.ping();
  await vmm.snapshot(`file://${paths.snapshot}`, options);
  const files = [];
  for (const name of SNAPSHOT_FILES)
    files.push({ name, ...(await sumOf(join(paths.snapshot, name), { flush: true })) });
  await flushDirectory(paths.snapshot);
  return { vmmVersion: version, files };
}

/**
 * Gives an empty VMM the VM of a snapshot; it stands still.
 * @throws SnapshotError where the files or the VMM are not those of the snapshot; VmmApiError
 */
export async function restoreSnapshot(
  paths: VmPaths,
  vmm: VmmClient,
  options: { readonly snapshot: VmSnapshot; readonly timeoutMs: number },
): Promise<void> {
  const { snapshot, timeoutMs } = options;
  const { version } = await vmm.ping();
  if (version !== snapshot.vmmVersion)
    throw new SnapshotError(`VMM ${snapshot.vmmVersion} wrote it, and VMM ${version} runs now`);
  for (const file of snapshot.files) {
    const path = join(paths.snapshot, file.name);
    const found = await sumOf(path, { flush: false }).catch((error: unknown) => {
      throw new SnapshotError(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (found.bytes !== file.bytes || found.crc32 !== file.crc32)
      throw new SnapshotError(`${path} is not as it was written`);
  }
  await vmm.restore(`file://${paths.snapshot}`, { timeoutMs });
}

/** Says that the snapshot is whole. */
export async function writeStandby(paths: VmPaths, text: string): Promise<void> {
  await writeTextAtomically(paths.standby, text);
  await flushDirectory(paths.directory);
}

/** Takes back that there is a snapshot, for good, and then its files. */
export async function removeStandby(paths: VmPaths): Promise<void> {
  await rm(paths.standby, { force: true });
  await flushDirectory(paths.directory);
  await removeFiles(paths);
}

/** Flushes the volume; resolves to what tells it from the same file written to later. */
export async function flushVolume(path: string): Promise<string> {
  await using file = await open(path, 'r');
  await file.sync();
  return markOf(await file.stat({ bigint: true }));
}

/** The volume's mark as it is; undefined where there is none. */
export async function volumeMarkOf(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    return markOf(await file.stat({ bigint: true }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Another file under that name, another size, or any write since: the owner may change. */
function markOf({ ino, size, mtimeNs }: { ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${ino}:${size}:${mtimeNs}`;
}

/** The VMM may write to the folder, but not to its name: only files of these names are unlinked in it. */
async function removeFiles(paths: VmPaths): Promise<void> {
  await mkdir(paths.snapshot, { recursive: true, mode: 0o700 });
  for (const name of SNAPSHOT_FILES) await rm(join(paths.snapshot, name), { force: true });
}

async function sumOf(path: string, { flush }: { flush: boolean }): Promise<{ bytes: number; crc32: number }> {
  await using file = await openUntrusted(path, flush ? constants.O_RDWR : constants.O_RDONLY);
  if (flush) await file.sync();
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let [bytes, sum] = [0, 0];
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return { bytes, crc32: sum };
    sum = crc32(buffer.subarray(0, bytesRead), sum);
    bytes += bytesRead;
  }
}

async function flushDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
