import { jitteredDelayMs } from '../../api/client/index.ts';
import { SinkBusy, SinkRefusal } from './sink.ts';

const SINK_BACKOFF = { baseDelayMs: 250, maxDelayMs: 60_000 };

/**
 * How long to leave a sink alone: as it asks, rarely where only somebody's hand helps, else by back-off.
 * @param failures in a row, from 1
 * @param random yields numbers in [0, 1)
 */
export function sinkDelayMs(error: unknown, failures: number, random: () => number): number {
  if (error instanceof SinkBusy) return error.retryAfterMs;
  const isRefusal = error instanceof SinkRefusal;
  return jitteredDelayMs(isRefusal ? Number.MAX_SAFE_INTEGER : failures, SINK_BACKOFF, random);
}
