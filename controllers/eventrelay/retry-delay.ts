import { jitteredDelayMs } from '../../api/client/index.ts';
import { SinkBusy, SinkRefusal } from './sink.ts';

const BUSY_BACKOFF = { baseDelayMs: 250, maxDelayMs: 15_000 };
/** Somebody has to come: there is no hurry. */
const REFUSED_BACKOFF = { baseDelayMs: 60_000, maxDelayMs: 60_000 };

/**
 * How long to leave a sink alone: as it asks, rarely where only somebody's hand helps, else by back-off.
 * @param failures in a row, from 1
 * @param random yields numbers in [0, 1)
 */
export function sinkDelayMs(error: unknown, failures: number, random: () => number): number {
  if (error instanceof SinkBusy) return error.retryAfterMs;
  return jitteredDelayMs(failures, error instanceof SinkRefusal ? REFUSED_BACKOFF : BUSY_BACKOFF, random);
}
