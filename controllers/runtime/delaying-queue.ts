import type { Clock } from '../../lib/clock.ts';

interface Entry {
  readonly key: string;
  readonly dueMs: number;
}

/**
 * Calls `release` for each key when its time has come. A key added twice keeps its earlier time. Entries are a
 * binary heap by time: with thousands of keys, each add and each release costs a few comparisons.
 */
export class DelayingQueue {
  readonly #clock: Clock;
  readonly #release: (key: string) => void;
  /** The time that counts; an entry of the heap with another one is outdated. */
  readonly #dueMs = new Map<string, number>();
  readonly #heap: Entry[] = [];
  #wake = new AbortController();
  #sleepsUntilMs: number | undefined;
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
    this.#push({ key, dueMs });
    if (this.#sleepsUntilMs === undefined) void this.#run();
    else if (dueMs < this.#sleepsUntilMs) this.#wake.abort();
  }

  /** Forgets all that is not due yet. */
  stop(): void {
    this.#isStopped = true;
    this.#dueMs.clear();
    this.#heap.length = 0;
    this.#wake.abort();
  }

  async #run(): Promise<void> {
    for (;;) {
      this.#releaseDue();
      const next = this.#heap[0];
      if (next === undefined) break;
      this.#wake = new AbortController();
      this.#sleepsUntilMs = next.dueMs;
      await this.#clock.sleep(next.dueMs - this.#clock.monotonicMs(), this.#wake.signal).catch(() => {});
    }
    this.#sleepsUntilMs = undefined;
  }

  #releaseDue(): void {
    const nowMs = this.#clock.monotonicMs();
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      const isOutdated = this.#dueMs.get(first.key) !== first.dueMs;
      if (!isOutdated && first.dueMs > nowMs) return;
      this.#pop();
      if (isOutdated) continue;
      this.#dueMs.delete(first.key);
      this.#release(first.key);
    }
  }

  #push(entry: Entry): void {
    let at = this.#heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#timeAt(above) <= this.#timeAt(at)) break;
      this.#swap(above, at);
      at = above;
    }
  }

  /** Removes the first. */
  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const below = this.#timeAt(left + 1) < this.#timeAt(left) ? left + 1 : left;
      if (this.#timeAt(below) >= this.#timeAt(at)) break;
      this.#swap(below, at);
      at = below;
    }
  }

  #timeAt(index: number): number {
    return this.#heap[index]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]];
    if (first === undefined || second === undefined) return;
    this.#heap[one] = second;
    this.#heap[other] = first;
  }
}
