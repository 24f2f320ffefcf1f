import type { LocalJWKSet } from 'jose';
import type { Clock } from '../../../../lib/clock.ts';

/** Bounds of fetching keys; each has its default. */
export interface KeyTimes {
  /** Between two fetches that unknown keys ask for. */
  readonly coolDownMs: number;
  /** Keys are fetched anew so often, so that one that was withdrawn stops counting. */
  readonly refreshMs: number;
  /** One fetch, whole; tokens wait for it no longer. */
  readonly timeoutMs: number;
}

/** Upstream tries an issuer that does not answer every 10 s. */
export const KEY_TIMES: KeyTimes = { coolDownMs: 10_000, refreshMs: 300_000, timeoutMs: 10_000 };

export interface IssuerKeysOptions {
  /** @throws Error */
  readonly fetch: (signal: AbortSignal) => Promise<LocalJWKSet>;
  readonly clock: Clock;
  /** Told after each fetch. */
  readonly onResult: (error?: unknown) => void;
  /** Ends fetches, and `run`. */
  readonly signal: AbortSignal;
  readonly times?: Partial<KeyTimes>;
}

const FIRST_RETRY_MS = 1_000;

/** The keys of one issuer: one fetch at a time, not too often; the last good ones hold while it cannot be reached. */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #times: KeyTimes;
  #keys: LocalJWKSet | undefined;
  #underWay: Promise<void> | undefined;
  #failures = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
    this.#times = { ...KEY_TIMES, ...options.times };
  }

  /** The keys; undefined while none were had. Waits only for a first fetch. */
  async current(): Promise<LocalJWKSet | undefined> {
    if (this.#keys === undefined) await this.#fetchIfDue();
    return this.#keys;
  }

  /** Other keys than those that did not fit; undefined where there are none, or it is too early to ask. */
  async otherThan(keys: LocalJWKSet): Promise<LocalJWKSet | undefined> {
    if (this.#keys === keys) await this.#fetchIfDue();
    return this.#keys === keys ? undefined : this.#keys;
  }

  /** Keeps the keys fresh until the signal. */
  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      await this.#fetch();
      const delayMs = this.#failures === 0 ? this.#times.refreshMs : this.#retryMs();
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }

  async #fetchIfDue(): Promise<void> {
    if (this.#underWay === undefined && this.#options.clock.monotonicMs() < this.#notBeforeMs) return;
    await this.#fetch();
  }

  #fetch(): Promise<void> {
    this.#underWay ??= this.#fetchOnce().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #fetchOnce(): Promise<void> {
    const { fetch, clock, onResult, signal } = this.#options;
    const { timeoutMs, coolDownMs } = this.#times;
    try {
      this.#keys = await fetch(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
      this.#failures = 0;
      onResult();
    } catch (error) {
      this.#failures += 1;
      if (!signal.aborted) onResult(error);
    }
    this.#notBeforeMs = clock.monotonicMs() + (this.#failures === 0 ? coolDownMs : this.#retryMs());
  }

  #retryMs(): number {
    return Math.min(this.#times.coolDownMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
  }
}
