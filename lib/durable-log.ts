import { dirname } from 'node:path';
import { type LogFiles, systemLogFiles } from './log-files.ts';

export interface DurableLogOptions {
  readonly path: string;
  /** The file is set aside before it would grow beyond. */
  readonly fileBytes: number;
  /** How many are kept besides the one that is written: `<path>.1` is the newest. */
  readonly filesMax: number;
  /** Told when a line that a crash or a full disk had cut was taken away. */
  readonly onTornLine?: (bytes: number) => void;
  readonly files?: LogFiles;
}

const NEWLINE = 0x0a;
const READ_BYTES = 64 * 1024;

/** The file as it is open now. */
interface OpenFile {
  readonly file: number;
  readonly inode: number;
  sizeBytes: number;
}

/**
 * Lines in a file that is set aside by size, for records that must not be lost. What `append` resolved for is on
 * the disk as whole lines. What it rejected for may be there in part or in full: append it again, and whoever
 * reads may see it twice. One call at a time.
 */
export class DurableLog {
  readonly #options: DurableLogOptions;
  readonly #files: LogFiles;
  #open: OpenFile | undefined;

  constructor(options: DurableLogOptions) {
    this.#options = options;
    this.#files = options.files ?? systemLogFiles;
  }

  /**
   * @param lines each without its newline
   * @throws NodeJS.ErrnoException e.g. ENOSPC; the next call begins by mending the file
   */
  async append(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    try {
      const open = await this.#ready(bytes.length);
      await this.#writeAll(open.file, bytes);
      await this.#files.sync(open.file);
      open.sizeBytes += bytes.length;
    } catch (error) {
      // After a failed fsync the kernel forgets what it could not write: only new writes to a new handle count.
      await this.close().catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) await this.#files.close(open.file);
  }

  /** The file to write to, whole to its last line and with room for so many bytes, or empty. */
  async #ready(lengthBytes: number): Promise<OpenFile> {
    const { path, fileBytes } = this.#options;
    const known = this.#open;
    if (known !== undefined) {
      // Somebody else may have moved, cut or written the file.
      const now = await this.#files.identify(path);
      if (now?.inode !== known.inode || now.sizeBytes !== known.sizeBytes) await this.close();
    }
    const open = this.#open ?? (await this.#reopen());
    if (open.sizeBytes === 0 || open.sizeBytes + lengthBytes <= fileBytes) return open;
    await this.#setAside();
    return this.#reopen();
  }

  async #reopen(): Promise<OpenFile> {
    const { path } = this.#options;
    const file = await this.#files.open(path);
    try {
      const found = await this.#files.identify(path);
      if (found === undefined) throw new Error(`${path} was removed while it was opened`);
      const sizeBytes = await this.#cutTornLine(file, found.sizeBytes);
      // The name of a new file is lost with the machine's power until its directory is on the disk.
      if (sizeBytes === 0) await this.#files.syncDirectory(dirname(path));
      this.#open = { file, inode: found.inode, sizeBytes };
      return this.#open;
    } catch (error) {
      await this.#files.close(file).catch(() => {});
      throw error;
    }
  }

  /** Takes away what follows the last newline: nobody was told that it is there. Resolves to the size then. */
  async #cutTornLine(file: number, sizeBytes: number): Promise<number> {
    let end = sizeBytes;
    while (end > 0) {
      const offset = Math.max(0, end - READ_BYTES);
      const chunk = await this.#files.read(file, offset, end - offset);
      const at = chunk.lastIndexOf(NEWLINE);
      if (at !== -1) {
        end = offset + at + 1;
        break;
      }
      end = offset;
    }
    if (end === sizeBytes) return end;
    await this.#files.truncate(this.#options.path, end);
    await this.#files.sync(file);
    this.#options.onTornLine?.(sizeBytes - end);
    return end;
  }

  async #writeAll(file: number, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) done += await this.#files.write(file, bytes.subarray(done));
  }

  /** Shifts the older files by one; a crash in between loses none that would have stayed. */
  async #setAside(): Promise<void> {
    const { path, filesMax } = this.#options;
    await this.close();
    if (filesMax === 0) await this.#files.remove(path);
    for (let n = filesMax - 1; n >= 0; n -= 1) {
      const from = n === 0 ? path : `${path}.${n}`;
      if ((await this.#files.identify(from)) !== undefined)
        await this.#files.rename(from, `${path}.${n + 1}`);
    }
    await this.#files.syncDirectory(dirname(path));
  }
}
