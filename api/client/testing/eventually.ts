import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds, looking after 5 ms and then ever less often, down to every 50 ms: what is waited for
 * shares the processor with the looking.
 * @throws Error with the last failure after `timeoutMs` (default 10,000)
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  let pauseMs = 5;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(pauseMs);
    pauseMs = Math.min(50, pauseMs * 1.5);
  }
}
