import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../lib/clock.ts';
import { type SweepDeps, sweepOrphans } from './sweep.ts';

export interface OrphanCollectorOptions extends SweepDeps {
  readonly clock: Clock;
  readonly registry: Registry;
  /** Two sweeps fit well into the 60 s after which nothing orphaned may be left. Default 15,000. */
  readonly periodMs?: number;
}

/** Sweeps on a tick until the signal. A sweep that fails is logged; the next one tries again. */
export async function runOrphanCollector(
  options: OrphanCollectorOptions,
  signal: AbortSignal,
): Promise<void> {
  const registers = [options.registry];
  const removed = new Counter({ name: 'holt_orphans_removed_total', help: 'Orphans removed', registers });
  const volumes = new Gauge({
    name: 'holt_unknown_volumes',
    help: 'Data volumes that belong to no UserVM of this node; kept until somebody removes them by hand',
    registers,
  });
  while (!signal.aborted) {
    try {
      const result = await sweepOrphans(options);
      removed.inc(result.removedCount);
      volumes.set(result.unknownVolumeCount);
    } catch (error) {
      options.logger.warn({ err: error }, 'orphan sweep failed');
    }
    await options.clock.sleep(options.periodMs ?? 15_000, signal).catch(() => {});
  }
}
