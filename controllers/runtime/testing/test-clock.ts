import type { Clock } from '../../../lib/clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly resolve: () => void;
}

/** A clock that stands still until a test moves it. Wall and monotonic time move together, from different zeros. */
export class TestClock implements Clock {
  #elapsedMs = 0;
  readonly #epochMs: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(epochMs = Date.UTC(2026, 0, 1)) {
    this.#epochMs = epochMs;
  }

  nowMs(): number {
    return this.#epochMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const sleeper: Sleeper = { dueMs: this.#elapsedMs + delayMs, resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener(
        'abort',
        () => {
          if (this.#sleepers.delete(sleeper)) reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** How many sleep now. */
  get sleeperCount(): number {
    return this.#sleepers.size;
  }

  /** Moves time, waking sleepers in the order of their times; each wake-up's consequences run before the next. */
  async advance(deltaMs: number): Promise<void> {
    const endMs = this.#elapsedMs + deltaMs;
    await settle();
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      this.#sleepers.delete(next);
      next.resolve();
      await settle();
    }
    this.#elapsedMs = endMs;
    await settle();
  }

  #nextDue(endMs: number): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueMs <= endMs && (first === undefined || sleeper.dueMs < first.dueMs)) first = sleeper;
    }
    return first;
  }
}

/** Lets everything that is ready to run, run: promise callbacks and what they start. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
