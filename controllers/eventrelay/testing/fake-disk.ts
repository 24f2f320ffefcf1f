import type { LogFiles } from '../../../lib/log-files.ts';

interface FakeFile {
  readonly inode: number;
  content: Buffer;
  /** So much of the content survives the machine's power. */
  syncedBytes: number;
}

/** A disk in memory. What was not synced may be lost in part when the power goes: the last line is torn then. */
export class FakeDisk implements LogFiles {
  readonly #names = new Map<string, FakeFile>();
  readonly #open = new Map<number, FakeFile>();
  #inodes = 0;
  #handles = 0;
  /** Beyond it writes are ENOSPC. */
  capacityBytes = Number.POSITIVE_INFINITY;

  /** The process ends; with it its handles. */
  kill(): void {
    this.#open.clear();
  }

  /** The machine loses its power: of what was not synced, half is there afterwards. */
  losePower(): void {
    this.kill();
    for (const file of this.#names.values()) {
      const keptBytes = file.syncedBytes + Math.floor((file.content.length - file.syncedBytes) / 2);
      file.content = file.content.subarray(0, keptBytes);
      file.syncedBytes = keptBytes;
    }
  }

  /** Whole lines of a log and its older files, the oldest first. */
  lines(path: string, onlySynced = false): string[] {
    const names = [...this.#names.keys()].filter((name) => name.startsWith(path));
    const ageOf = (name: string) => Number(name.slice(path.length + 1) || '0');
    return names
      .sort((one, other) => ageOf(other) - ageOf(one))
      .flatMap((name) => {
        const file = this.#names.get(name);
        const content = onlySynced ? file?.content.subarray(0, file.syncedBytes) : file?.content;
        return String(content ?? '')
          .split('\n')
          .slice(0, -1);
      });
  }

  open = async (path: string): Promise<number> => {
    this.#inodes += 1;
    const file = this.#names.get(path) ?? { inode: this.#inodes, content: Buffer.alloc(0), syncedBytes: 0 };
    this.#names.set(path, file);
    this.#handles += 1;
    this.#open.set(this.#handles, file);
    return this.#handles;
  };

  close = async (handle: number): Promise<void> => {
    this.#fileOf(handle);
    this.#open.delete(handle);
  };

  identify = async (path: string) => {
    const file = this.#names.get(path);
    return file && { inode: file.inode, sizeBytes: file.content.length };
  };

  read = async (handle: number, offset: number, lengthBytes: number) =>
    this.#fileOf(handle).content.subarray(offset, offset + lengthBytes);

  /** Takes half of what it is given, so that callers must go on. */
  write = async (handle: number, bytes: Buffer): Promise<number> => {
    const file = this.#fileOf(handle);
    const usedBytes = [...this.#names.values()].reduce((sum, { content }) => sum + content.length, 0);
    const takenBytes = Math.min(Math.ceil(bytes.length / 2), this.capacityBytes - usedBytes);
    if (takenBytes <= 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    file.content = Buffer.concat([file.content, bytes.subarray(0, takenBytes)]);
    return takenBytes;
  };

  sync = async (handle: number): Promise<void> => {
    const file = this.#fileOf(handle);
    file.syncedBytes = file.content.length;
  };

  truncate = async (path: string, sizeBytes: number): Promise<void> => {
    const file = this.#names.get(path);
    if (file === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    file.content = file.content.subarray(0, sizeBytes);
    file.syncedBytes = Math.min(file.syncedBytes, sizeBytes);
  };

  rename = async (from: string, to: string): Promise<void> => {
    const file = this.#names.get(from);
    if (file === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    this.#names.delete(from);
    this.#names.set(to, file);
  };

  remove = async (path: string): Promise<void> => {
    this.#names.delete(path);
  };

  syncDirectory = async (): Promise<void> => {};

  #fileOf(handle: number): FakeFile {
    const file = this.#open.get(handle);
    if (file === undefined) throw new Error('bad file descriptor');
    return file;
  }
}
