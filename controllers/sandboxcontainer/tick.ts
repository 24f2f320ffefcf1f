import type { Clock } from '../../lib/clock.ts';

/**
 * Milliseconds to a VM's next tick. All containers of a VM have the same ticks, so that they share one look at
 * their guest; the ticks of different VMs are spread.
 */
export function nextTickMs(vmUid: string, tickMs: number, clock: Pick<Clock, 'monotonicMs'>): number {
  let phase = 0;
  for (const char of vmUid) phase = (phase * 31 + char.charCodeAt(0)) % tickMs;
  return tickMs - ((Math.floor(clock.monotonicMs()) + phase) % tickMs);
}
