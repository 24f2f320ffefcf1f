import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../../../lib/clock.ts';
import { type CollectionDeps, collectArtifacts } from './collect.ts';

export interface ArtifactCollectorOptions extends CollectionDeps {
  readonly clock: Clock;
  readonly registry: Registry;
}

/** At the most between two looks. A claim is twice as long, so that each is seen and noted. */
const PERIOD_MAX_MS = 300_000;
const LOOKS_PER_RETENTION = 16;

/** Collects on a tick until the signal. A round that fails is logged; the next one tries again. */
export async function runArtifactCollector(
  options: ArtifactCollectorOptions,
  signal: AbortSignal,
): Promise<void> {
  const { registry, clock, logger, retentionMs } = options;
  const registers = [registry];
  const removed = new Counter({
    name: 'holt_artifacts_collected_total',
    help: 'Unused guest images and leftovers of builds that were removed',
    registers,
  });
  const freed = new Counter({
    name: 'holt_artifact_bytes_freed_total',
    help: 'Bytes on disk that became free by that',
    registers,
  });
  const periodMs = Math.min(PERIOD_MAX_MS, Math.max(1_000, retentionMs / LOOKS_PER_RETENTION));
  while (!signal.aborted) {
    try {
      const result = await collectArtifacts(options);
      removed.inc(result.removedCount);
      freed.inc(result.freedBytes);
    } catch (error) {
      logger.warn({ err: error }, 'guest images could not be looked through');
    }
    await clock.sleep(periodMs, signal).catch(() => {});
  }
}
