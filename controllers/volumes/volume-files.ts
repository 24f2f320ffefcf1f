import type { Stats } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

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
