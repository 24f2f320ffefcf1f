import type { Stats } from 'node:fs';
import {
  constants,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { runChecked, runCommand } from '../../lib/run-command.ts';

/** The file system as volumes need it; each call is one effect. */
export interface VolumeFiles {
  /** Logical size in bytes, or undefined when there is no such file. */
  sizeOf(path: string): Promise<number | undefined>;
  /** Bytes that the file really takes; 0 when there is no such file. */
  allocatedBytesOf(path: string): Promise<number>;
  /** Bytes free for use on the file system of `path`, a directory. */
  freeBytesAt(path: string): Promise<number>;
  makeDirectory(path: string): Promise<void>;
  /** Sets the logical size; makes an empty file where there is none. Nothing is allocated. */
  truncate(path: string, sizeBytes: number): Promise<void>;
  /** Data on disk, then renamed, then the name on disk. */
  publish(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /**
   * A file with the same blocks, shared until either is written to, as it is at one moment (FICLONE). False where
   * the file system cannot.
   */
  reflink(from: string, to: string): Promise<boolean>;
  /** A copy with holes where there is nothing. @throws CommandError when it takes longer, or at the signal's abort */
  copy(from: string, to: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  /** Changes whenever the file is written to; undefined where there is none. */
  stampOf(path: string): Promise<string | undefined>;
  readBytes(path: string, range: { offset: number; length: number }): Promise<Uint8Array>;
  /** Names in a directory; none where it is not there. */
  list(directory: string): Promise<readonly string[]>;
  /** The text of a small file, or undefined where there is none. */
  readText(path: string): Promise<string | undefined>;
  /** Replaces a small file by another name, so that a reader sees the old text or the new one. */
  writeText(path: string, text: string): Promise<void>;
}

/** The host's file system. */
export const hostVolumeFiles: VolumeFiles = {
  async sizeOf(path) {
    return (await statOrNothing(path))?.size;
  },
  async allocatedBytesOf(path) {
    // st_blocks counts 512-byte units whatever the file system's own block size (stat(2)).
    return ((await statOrNothing(path))?.blocks ?? 0) * 512;
  },
  async freeBytesAt(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async truncate(path, sizeBytes) {
    await using file = await open(path, 'a', 0o600);
    await file.truncate(sizeBytes);
  },
  async publish(from, to) {
    await syncPath(from);
    await rename(from, to);
    await syncPath(dirname(to));
  },
  async remove(path) {
    await rm(path, { force: true });
  },
  async reflink(from, to) {
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
      return true;
    } catch (error) {
      if (isUnsupported(error)) return false;
      throw error;
    }
  },
  async copy(from, to, { timeoutMs, signal }) {
    // GNU cp finds holes by SEEK_HOLE, and makes more of them where a block is all zeroes.
    await runChecked(runCommand, ['cp', '--reflink=never', '--sparse=always', '--', from, to], {
      ...{ timeoutMs, signal },
    });
  },
  async stampOf(path) {
    try {
      const { size, mtimeNs, ctimeNs, ino } = await stat(path, { bigint: true });
      return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
    } catch (error) {
      return ifAbsent(undefined)(error);
    }
  },
  async readBytes(path, { offset, length }) {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  },
  list: (directory) => readdir(directory).catch(ifAbsent([])),
  readText: (path) => readFile(path, 'utf8').catch(ifAbsent(undefined)),
  async writeText(path, text) {
    const temporary = `${path}.tmp`;
    {
      await using file = await open(temporary, 'w', 0o600);
      await file.writeFile(text);
      await file.sync();
    }
    await rename(temporary, path);
    await syncPath(dirname(path));
  },
};

function statOrNothing(path: string): Promise<Stats | undefined> {
  return stat(path).catch(ifAbsent(undefined));
}

/** What FICLONE says where blocks cannot be shared. Source: man 2 ioctl_ficlone */
const UNSUPPORTED: ReadonlySet<unknown> = new Set([
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  'EINVAL',
  'ENOTTY',
]);

function isUnsupported(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNSUPPORTED.has(error.code);
}

/** Takes the absence of a file for `value`; every other error stands. */
function ifAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value;
    throw error;
  };
}

async function syncPath(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}
