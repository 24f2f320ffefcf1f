import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../../lib/clock.ts';
import { type RetentionDeps, RetentionRounds } from './retention-round.ts';

export interface RetentionLoopOptions extends RetentionDeps {
  readonly clock: Clock;
  readonly registry: Registry;
  /** Default 10,000: so soon is told which volumes can be taken back. */
  readonly periodMs?: number;
}

/** Rounds on a tick until the signal. One that fails is logged; the next one tries again. */
export async function runRetention(options: RetentionLoopOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger, registry, periodMs = 10_000 } = options;
  const registers = [registry];
  const count = new Gauge({
    name: 'holt_retained_volumes',
    help: 'Volumes that are kept after their deletion or replacement',
    registers,
  });
  const bytes = new Gauge({
    name: 'holt_retained_volume_bytes',
    help: 'Bytes on disk that they take',
    registers,
  });
  const purged = new Counter({
    name: 'holt_retained_volumes_purged_total',
    help: 'Retained volumes that were removed when their time was over',
    registers,
  });
  const rounds = new RetentionRounds(options);
  while (!signal.aborted) {
    try {
      const result = await rounds.run();
      count.set(result.volumes.length);
      bytes.set(result.volumes.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0));
      purged.inc(result.purgedCount);
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, 'retained volumes could not be looked through');
    }
    await clock.sleep(periodMs, signal).catch(() => {});
  }
}
