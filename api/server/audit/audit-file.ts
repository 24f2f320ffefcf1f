import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Where audit events go. */
export interface AuditSink {
  /** Takes a line, or gives it up where it can't keep up; never waits, never throws. */
  write(line: string): void;
  /** Writes what was taken, then takes no more. */
  close(): Promise<void>;
}

export interface AuditFileOptions {
  readonly path: string;
  /** The file is set aside once it is as large. */
  readonly fileBytes: number;
  /** How many are kept besides the one that is written: `<path>.1` is the newest. */
  readonly filesMax: number;
  /** Lines that wait for the disk; beyond it they are given up. Default 16 MiB. */
  readonly queueBytesMax?: number;
  /** Lines that are lost, and why. */
  readonly onDropped: (count: number, reason: 'queue-full' | 'write-failed', error?: unknown) => void;
}

const QUEUE_BYTES_MAX = 16 * 2 ** 20;
/** Lines of one write. */
const BATCH_LINES = 512;

/** JSON lines in a file that is set aside by size. */
export class AuditFile implements AuditSink {
  readonly #options: AuditFileOptions;
  #queue: string[] = [];
  #queueBytes = 0;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: AuditFileOptions) {
    this.#options = options;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    const { queueBytesMax = QUEUE_BYTES_MAX, onDropped } = this.#options;
    if (this.#closed || this.#queueBytes + bytes > queueBytesMax) {
      onDropped(1, 'queue-full');
      return;
    }
    this.#queue.push(line);
    this.#queueBytes += bytes;
    this.#writing ??= this.#drain();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #drain(): Promise<void> {
    // Lines of one turn of the event loop share a write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const lines = this.#queue.slice(0, BATCH_LINES);
      this.#queue = this.#queue.slice(BATCH_LINES);
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      try {
        await this.#append(bytes);
      } catch (error) {
        this.#options.onDropped(lines.length, 'write-failed', error);
        await this.#file?.close().catch(() => {});
        this.#file = undefined;
      }
      this.#queueBytes -= bytes.length;
    }
    this.#writing = undefined;
  }

  async #append(bytes: Buffer): Promise<void> {
    const { fileBytes } = this.#options;
    let file = this.#file ?? (await this.#open());
    if (this.#fileBytes > 0 && this.#fileBytes + bytes.length > fileBytes) {
      await this.#setAside(file);
      file = await this.#open();
    }
    await file.appendFile(bytes);
    this.#fileBytes += bytes.length;
  }

  async #open(): Promise<FileHandle> {
    const { path } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a', 0o600);
    this.#file = file;
    this.#fileBytes = (await file.stat()).size;
    return file;
  }

  async #setAside(file: FileHandle): Promise<void> {
    const { path, filesMax } = this.#options;
    await file.close();
    this.#file = undefined;
    if (filesMax === 0) return rm(path, { force: true });
    for (let n = filesMax - 1; n >= 1; n -= 1)
      await rename(`${path}.${n}`, `${path}.${n + 1}`).catch(() => {});
    await rename(path, `${path}.1`);
  }
}
