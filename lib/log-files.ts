import * as fs from 'node:fs';
import { mkdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** Which file a path names now, and how large it is. */
export interface FileIdentity {
  readonly inode: number;
  readonly sizeBytes: number;
}

/** Every effect that a durable log has on its disk. All reject with the system's error. */
export interface LogFiles {
  /** Opens for appending, making the file (mode 0600) and its directory where they are not there. */
  open(path: string): Promise<number>;
  close(file: number): Promise<void>;
  /** Undefined where there is no such file. */
  identify(path: string): Promise<FileIdentity | undefined>;
  read(file: number, offset: number, lengthBytes: number): Promise<Buffer>;
  /** Appends some of the bytes, at least one; resolves to how many. */
  write(file: number, bytes: Buffer): Promise<number>;
  /** Resolves when what was written is on the disk. */
  sync(file: number): Promise<void>;
  truncate(path: string, sizeBytes: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Resolves when the directory's entries are on the disk. */
  syncDirectory(path: string): Promise<void>;
}

const open = promisify(fs.open);
const close = promisify(fs.close);
const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);
const read = promisify(fs.read);
const write = promisify(fs.write);

/** The machine's own disk. */
export const systemLogFiles: LogFiles = {
  open: async (path) => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, 'a+', 0o600);
  },
  close,
  identify: async (path) => {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return found && { inode: found.ino, sizeBytes: found.size };
  },
  read: async (file, offset, lengthBytes) => {
    const { bytesRead, buffer } = await read(file, Buffer.alloc(lengthBytes), 0, lengthBytes, offset);
    return buffer.subarray(0, bytesRead);
  },
  write: async (file, bytes) => (await write(file, bytes)).bytesWritten,
  sync: fdatasync,
  truncate,
  rename,
  remove: (path) => rm(path, { force: true }),
  syncDirectory: async (path) => {
    const directory = await open(path, 'r');
    try {
      await fsync(directory);
    } finally {
      await close(directory);
    }
  },
};
