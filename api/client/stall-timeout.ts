import type { Clock } from '../../lib/clock.ts';

export interface StallTimeoutOptions {
  readonly clock: Clock;
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs work that must call `touch` at least every `stallTimeoutMs`; else its signal aborts.
 * @throws Error 'silent for ...' when it stalled; whatever the work throws
 */
export async function withStallTimeout(
  options: StallTimeoutOptions,
  work: (signal: AbortSignal, touch: () => void) => Promise<void>,
): Promise<void> {
  const { clock, stallTimeoutMs } = options;
  const stalled = new AbortController();
  const ended = new AbortController();
  let lastMs = clock.monotonicMs();
  const guard = async () => {
    for (;;) {
      const leftMs = lastMs + stallTimeoutMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      await clock.sleep(leftMs, ended.signal);
    }
    stalled.abort(new Error(`watch silent for ${stallTimeoutMs} ms; taken for cut`));
  };
  const guarding = guard().catch(() => {});
  try {
    await work(AbortSignal.any([options.signal, stalled.signal]), () => {
      lastMs = clock.monotonicMs();
    });
  } finally {
    ended.abort();
    await guarding;
  }
}
