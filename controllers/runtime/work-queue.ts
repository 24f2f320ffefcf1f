import type { Clock } from '../../lib/clock.ts';
import { DelayingQueue } from './delaying-queue.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Back-off of `addRateLimited`: doubles from here with each failure of a key. Default 5. */
  readonly baseDelayMs?: number;
  /** Default 60,000. */
  readonly maxDelayMs?: number;
  /** Told the number of waiting keys whenever it changes. */
  readonly onDepth?: (depth: number) => void;
  /** Told how long a key waited before a worker took it. */
  readonly onWaited?: (waitedMs: number) => void;
}

/**
 * Keys to look at, after client-go's util/workqueue: a key is there once however often it is added, never with
 * two workers at once, and one that is added while it is worked on comes again afterwards.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #options: WorkQueueOptions;
  readonly #delaying: DelayingQueue;
  readonly #order: string[] = [];
  /** Keys that need work: those in `#order`, and those added while in `#processing`. */
  readonly #dirtySinceMs = new Map<string, number>();
  readonly #processing = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #getters: Array<() => void> = [];
  readonly #drained = Promise.withResolvers<void>();
  #isShuttingDown = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#baseDelayMs = options.baseDelayMs ?? 5;
    this.#maxDelayMs = options.maxDelayMs ?? 60_000;
    this.#options = options;
    this.#delaying = new DelayingQueue(options.clock, (key) => this.add(key));
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#order.length;
  }

  get isShuttingDown(): boolean {
    return this.#isShuttingDown;
  }

  /** Marks a key as needing work. Does nothing after `shutDown`. */
  add(key: string): void {
    if (this.#isShuttingDown || this.#dirtySinceMs.has(key)) return;
    this.#dirtySinceMs.set(key, this.#clock.monotonicMs());
    if (!this.#processing.has(key)) this.#push(key);
  }

  /** Adds a key after a while; the earlier of two times counts. */
  addAfter(key: string, delayMs: number): void {
    if (delayMs <= 0) this.add(key);
    else if (!this.#isShuttingDown) this.#delaying.add(key, delayMs);
  }

  /** Adds a key after its own exponential back-off; returns the delay in milliseconds. */
  addRateLimited(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delayMs = Math.min(this.#baseDelayMs * 2 ** Math.min(failures, 40), this.#maxDelayMs);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** Ends a key's back-off: it went well. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** How often a key was added rate-limited since it was last forgotten. */
  failureCount(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Waits for a key. Whoever gets one must call `done`. Undefined when the queue is shut down and empty. */
  async get(): Promise<string | undefined> {
    for (;;) {
      const key = this.#order.shift();
      if (key !== undefined) return this.#take(key);
      if (this.#isShuttingDown) return undefined;
      await new Promise<void>((resolve) => this.#getters.push(resolve));
    }
  }

  /** The work on a key is over; it comes again at once if it was added meanwhile. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirtySinceMs.has(key)) this.#push(key);
    this.#checkDrained();
  }

  /** Takes no more keys; those that wait are still handed out. Resolves when all are done. */
  async shutDown(): Promise<void> {
    this.#isShuttingDown = true;
    this.#delaying.stop();
    for (const wake of this.#getters.splice(0)) wake();
    this.#checkDrained();
    await this.#drained.promise;
  }

  #push(key: string): void {
    this.#order.push(key);
    this.#options.onDepth?.(this.#order.length);
    this.#getters.shift()?.();
  }

  #take(key: string): string {
    const sinceMs = this.#dirtySinceMs.get(key);
    this.#dirtySinceMs.delete(key);
    this.#processing.add(key);
    this.#options.onDepth?.(this.#order.length);
    if (sinceMs !== undefined) this.#options.onWaited?.(this.#clock.monotonicMs() - sinceMs);
    return key;
  }

  #checkDrained(): void {
    if (this.#isShuttingDown && this.#order.length === 0 && this.#processing.size === 0)
      this.#drained.resolve();
  }
}
