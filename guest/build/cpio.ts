/** One file of a cpio archive. */
export interface CpioEntry {
  /** Path without a leading slash. */
  readonly path: string;
  /** Type and permission bits, as in `stat`. */
  readonly mode: number;
  /** Contents of a regular file, target of a symbolic link. */
  readonly data?: Uint8Array;
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number];
}

export const DIRECTORY = 0o040755;
export const EXECUTABLE = 0o100755;
export const REGULAR_FILE = 0o100644;
export const CHARACTER_DEVICE = 0o020600;

const TRAILER: CpioEntry = { path: 'TRAILER!!!', mode: 0 };

/**
 * Writes a `newc` archive that depends on the entries alone: sorted by path, owned by root, all times zero,
 * inodes numbered in order. (A directory sorts before what is in it.)
 */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const parts = [...sorted, TRAILER].flatMap((entry, index) => encodeEntry(entry, index + 1));
  return Buffer.concat(parts);
}

function encodeEntry(entry: CpioEntry, inode: number): Buffer[] {
  const name = Buffer.from(`${entry.path}\0`);
  const data = Buffer.from(entry.data ?? []);
  const [major, minor] = entry.device ?? [0, 0];
  const linkCount = entry.mode >> 12 === 4 ? 2 : 1;
  const fields = [inode, entry.mode, 0, 0, linkCount, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(data)];
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
