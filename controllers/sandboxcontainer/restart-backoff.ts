import type { Clock } from '../../lib/clock.ts';

export interface RestartBackoffOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** After the first failure; doubles with each. Default 1,000. */
  readonly baseDelayMs?: number;
  /** Default 60,000. */
  readonly maxDelayMs?: number;
  /** A container that ran so long begins anew. Default 600,000. */
  readonly resetAfterMs?: number;
}

interface Entry {
  failures: number;
  /** The failure that was counted last, so that seeing it again counts nothing. */
  failureKey: string;
  nextAttemptMs: number;
}

/** When a container that failed may be tried again. */
export class RestartBackoff {
  readonly #options: Required<RestartBackoffOptions>;
  readonly #entries = new Map<string, Entry>();

  constructor(options: RestartBackoffOptions) {
    this.#options = { baseDelayMs: 1_000, maxDelayMs: 60_000, resetAfterMs: 600_000, ...options };
  }

  /**
   * Counts a failure once.
   * @param failureKey names this one failure, e.g. by container id and time of its end
   * @param ranForMs how long it had run
   * @param earlier failures known from elsewhere, for the first call after a restart of the process
   * @returns the delay it leads to
   */
  recordFailure(uid: string, failureKey: string, ranForMs: number, earlier = 0): number {
    const { clock, baseDelayMs, maxDelayMs, resetAfterMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const known = this.#entries.get(uid);
    if (known?.failureKey === failureKey) return Math.max(0, known.nextAttemptMs - nowMs);
    const before = ranForMs >= resetAfterMs ? 0 : (known?.failures ?? earlier);
    const delayMs = Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(before, 30));
    this.#entries.set(uid, { failures: before + 1, failureKey, nextAttemptMs: nowMs + delayMs });
    return delayMs;
  }

  /** Milliseconds until the next attempt; 0 when it may be now. */
  waitMs(uid: string): number {
    const entry = this.#entries.get(uid);
    return entry === undefined ? 0 : Math.max(0, entry.nextAttemptMs - this.#options.clock.monotonicMs());
  }

  /** A new spec, or another boot of the VM: its failures are its own. */
  reset(uid: string): void {
    this.#entries.delete(uid);
  }
}
