import type { Clock } from '../../lib/clock.ts';

/** Calls `release` for each key when its time has come. A key added twice keeps its earlier time. */
export class DelayingQueue {
  readonly #clock: Clock;
  readonly #release: (key: string) => void;
  readonly #dueMs = new Map<string, number>();
  #wake = new AbortController();
  #isSleeping = false;
  #isStopped = false;

  constructor(clock: Clock, release: (key: string) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  get size(): number {
    return this.#dueMs.size;
  }

  add(key: string, delayMs: number): void {
    if (this.#isStopped) return;
    const dueMs = this.#clock.monotonicMs() + delayMs;
    const knownMs = this.#dueMs.get(key);
    if (knownMs !== undefined && knownMs <= dueMs) return;
    this.#dueMs.set(key, dueMs);
    this.#wake.abort();
    if (!this.#isSleeping) void this.#run();
  }

  /** Forgets all that is not due yet. */
  stop(): void {
    this.#isStopped = true;
    this.#dueMs.clear();
    this.#wake.abort();
  }

  async #run(): Promise<void> {
    this.#isSleeping = true;
    while (this.#dueMs.size > 0) {
      const nowMs = this.#clock.monotonicMs();
      let nextMs = Number.POSITIVE_INFINITY;
      for (const [key, dueMs] of this.#dueMs) {
        if (dueMs <= nowMs) {
          this.#dueMs.delete(key);
          this.#release(key);
        } else nextMs = Math.min(nextMs, dueMs);
      }
      if (this.#dueMs.size === 0) break;
      this.#wake = new AbortController();
      await this.#clock.sleep(nextMs - nowMs, this.#wake.signal).catch(() => {});
    }
    this.#isSleeping = false;
  }
}
