import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `check` stops throwing and answers what it answers.
 * @throws Error with the last reason when it still throws after `timeoutMs`
 */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  check: () => Promise<T> | T,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let reason: unknown;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      reason = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`${what}: not within ${timeoutMs / 1000} s: ${String(reason)}`, { cause: reason });
    }
    await sleep(200);
  }
}

/** For use inside `eventually`. @throws Error when the condition does not hold */
export function ensure(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Error(reason);
}
