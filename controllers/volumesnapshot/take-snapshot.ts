import { dirname } from 'node:path';
import { VOLUME_SNAPSHOT_REASONS as REASONS } from '../../crds/volumesnapshot/conditions.ts';
import type { Clock } from '../../lib/clock.ts';
import { DiskFullError } from '../volumes/volume-error.ts';
import type { VolumeFiles } from '../volumes/volume-files.ts';
import type { VolumeFilePair } from '../volumes/volume-paths.ts';
import { ext4StateOf } from './ext4-state.ts';
import type { Freeze } from './guest-freeze.ts';
import { SnapshotError } from './snapshot-error.ts';
import { parseSnapshotRecord, type SnapshotRecord } from './snapshot-record.ts';

/** A guest stays frozen for so long at the most. Programs that write wait meanwhile. */
export const FREEZE_SECONDS = 30;
/** A copy under a freeze must be done by then: some time is left to find out that it held. */
const FROZEN_COPY_MS = (FREEZE_SECONDS - 5) * 1_000;
/** A copy of a volume that nothing writes to. */
const COPY_MS = 4 * 3_600_000;

export interface SnapshotJob {
  /** The volume as it is used. */
  readonly source: string;
  readonly target: VolumeFilePair;
  readonly owner: SnapshotRecord['owner'];
  /** The most that the volume may be. */
  readonly sizeBytesMax: number;
  /** Stops whatever may write to the volume, if it can. */
  readonly freeze: () => Promise<Freeze>;
  readonly signal: AbortSignal;
}

export interface SnapshotDeps {
  readonly files: VolumeFiles;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** The whole snapshot that is there, if any. */
export async function readSnapshot(
  files: VolumeFiles,
  target: VolumeFilePair,
): Promise<SnapshotRecord | undefined> {
  if ((await files.sizeOf(target.raw)) === undefined) return undefined;
  return parseSnapshotRecord(await files.readText(target.record));
}

/** Where a copy is made before it is whole. */
export function temporaryOf(target: VolumeFilePair): string {
  return `${target.raw}.tmp`;
}

/**
 * Makes the snapshot, or finds the one that is there. It is made under another name and renamed when it is whole,
 * the record before it: a file of the final name is always a whole snapshot with its record.
 * @throws SnapshotError, DiskFullError, CommandError of cp
 */
export async function takeSnapshot(deps: SnapshotDeps, job: SnapshotJob): Promise<SnapshotRecord> {
  const { files } = deps;
  const { target } = job;
  const present = await readSnapshot(files, target);
  if (present !== undefined) return present;
  const sizeBytes = await checkedSize(files, job);
  await files.makeDirectory(dirname(target.raw));
  await requireRoom(files, job);
  const temporary = temporaryOf(target);
  await files.remove(temporary);
  try {
    const takenAt = await copyAtOneMoment(deps, job, temporary);
    const state = await ext4StateOf(files, temporary);
    const record: SnapshotRecord = {
      ...{ owner: job.owner, takenAt, sizeBytes },
      consistency: state === 'clean' ? 'FileSystem' : 'Crash',
    };
    await files.writeText(target.record, JSON.stringify(record));
    await files.publish(temporary, target.raw);
    return record;
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw error;
  }
}

async function checkedSize(files: VolumeFiles, { source, sizeBytesMax }: SnapshotJob): Promise<number> {
  const sizeBytes = await files.sizeOf(source);
  if (sizeBytes === undefined) {
    throw new SnapshotError(
      REASONS.VolumeNotFound,
      `there is no volume ${source} (yet): start the UserVM once`,
    );
  }
  if (sizeBytes <= sizeBytesMax) return sizeBytes;
  const message = `the volume has ${sizeBytes} bytes, more than spec.size (${sizeBytesMax} bytes): make another snapshot without it`;
  throw new SnapshotError(REASONS.SizeExceeded, message);
}

/** Where blocks are shared they take room too, as soon as the volume is written to. */
async function requireRoom(files: VolumeFiles, { source, target }: SnapshotJob): Promise<void> {
  const neededBytes = await files.allocatedBytesOf(source);
  const freeBytes = await files.freeBytesAt(dirname(target.raw));
  if (neededBytes > freeBytes) throw new DiskFullError({ path: target.raw, neededBytes, freeBytes });
}

/**
 * Copies what the volume holds at one moment. Blocks that are shared are all of one moment by themselves; a copy is
 * only where nothing was written meanwhile, which is seen on the volume itself, whatever the guest says.
 * @returns that moment, ISO 8601
 */
async function copyAtOneMoment(deps: SnapshotDeps, job: SnapshotJob, temporary: string): Promise<string> {
  const { files, clock } = deps;
  const freeze = await job.freeze();
  try {
    const before = await files.stampOf(job.source);
    const takenAt = new Date(clock.nowMs()).toISOString();
    if (await files.reflink(job.source, temporary)) return takenAt;
    if (freeze.state === 'refused') throw notFrozen(freeze.message);
    await copyWhole(files, job, temporary, freeze.state === 'frozen');
    if ((await files.stampOf(job.source)) === before) return takenAt;
    const message = `the volume was written to while it was copied (${freeze.state}); it is tried again`;
    throw new SnapshotError(REASONS.VolumeChanged, message);
  } finally {
    if (freeze.state === 'frozen') await freeze.thaw();
  }
}

async function copyWhole(
  files: VolumeFiles,
  { source, signal }: SnapshotJob,
  temporary: string,
  isFrozen: boolean,
): Promise<void> {
  const startedMs = performance.now();
  try {
    await files.copy(source, temporary, { timeoutMs: isFrozen ? FROZEN_COPY_MS : COPY_MS, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (isFrozen && performance.now() - startedMs >= FROZEN_COPY_MS) throw tooSlow(error);
    throw error;
  }
}

function notFrozen(detail: string): SnapshotError {
  const message = `the guest cannot be frozen (${detail}), and the file system of the volumes shares no blocks (reflink): stop the VM, or let it boot a newer image`;
  return new SnapshotError(REASONS.GuestNotFrozen, message);
}

function tooSlow(cause: unknown): SnapshotError {
  const message = `the volume cannot be copied in the ${FROZEN_COPY_MS / 1000} s that its guest may be frozen: stop the VM and it is taken then, or put the volumes on a file system that shares blocks (XFS, btrfs)`;
  return new SnapshotError(REASONS.FreezeTooShort, message, { cause });
}
