import { closeSync, openSync, writeSync } from 'node:fs';

/** Writes lifecycle events as the real VMM does: pretty-printed JSON objects with a blank line after each. */
export class EventMonitor {
  #fd: number | undefined;
  readonly #startNs = process.hrtime.bigint();

  /** @throws when the file cannot be opened; without a path events go nowhere */
  constructor(path: string | undefined) {
    this.#fd = path === undefined ? undefined : openSync(path, 'w');
  }

  emit(source: string, event: string, properties: Record<string, string> | null = null): void {
    if (this.#fd === undefined) return;
    const elapsed = process.hrtime.bigint() - this.#startNs;
    const timestamp = { secs: Number(elapsed / 1_000_000_000n), nanos: Number(elapsed % 1_000_000_000n) };
    writeSync(this.#fd, `${JSON.stringify({ timestamp, source, event, properties }, null, 2)}\n\n`);
  }

  /** Events go nowhere from now on. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
