import { systemClock } from '../../../lib/clock.ts';

/** Repeats an assertion until it holds. @throws what it last threw, when the time is over */
export async function eventually<T>(assertion: () => Promise<T> | T, timeoutMs = 10_000): Promise<T> {
  const deadline = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (systemClock.monotonicMs() >= deadline) throw error;
      await systemClock.sleep(10);
    }
  }
}
