import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds, looking after 10 ms and then ever less often, down to every 50 ms: what is waited for
 * shares the processor with the looking.
 * @throws Error naming what was waited for after `timeoutMs` (default 30,000)
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  let pauseMs = 10;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await sleep(pauseMs);
    pauseMs = Math.min(50, pauseMs * 1.5);
  }
}
