import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import { USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OrphanEffects } from './effects.ts';
import { isWithoutOrphans, type LiveVms, planOrphans } from './plan.ts';

export interface SweepDeps {
  readonly effects: OrphanEffects;
  /** From the cache; undefined before its first list. */
  readonly cachedVms: () => LiveVms | undefined;
  /** From the API server itself: a cache that is behind must not cost a VM its life. @throws when it cannot be asked */
  readonly currentVms: () => Promise<LiveVms>;
  /** Writes events about this node. */
  readonly report: (events: readonly LifecycleEvent[]) => Promise<void>;
  readonly logger: Logger;
}

/** What a sweep did, for metrics. */
export interface SweepResult {
  readonly removedCount: number;
  readonly unknownVolumeCount: number;
}

/**
 * Removes what belongs to no live UserVM of this node. What the cache does not know is looked up in the API
 * server before anything is removed; without an answer nothing is.
 */
export async function sweepOrphans(deps: SweepDeps): Promise<SweepResult> {
  const cached = deps.cachedVms();
  if (cached === undefined) return { removedCount: 0, unknownVolumeCount: 0 };
  // The host is looked at before the API server is asked: a VM made in between is in the answer.
  const inventory = await deps.effects.inventory();
  const suspected = planOrphans(inventory, cached);
  const unknownVolumeCount = suspected.unknownVolumes.length;
  if (isWithoutOrphans(suspected)) return { removedCount: 0, unknownVolumeCount };
  const plan = planOrphans(inventory, await deps.currentVms());
  const removed: string[] = [];
  for (const { shortId, process } of plan.processes) {
    await deps.effects.killVmm(process);
    removed.push(`VMM process ${process.pid} of vm-${shortId}`);
  }
  for (const tap of plan.taps) {
    await deps.effects.removeTap(tap);
    removed.push(`tap ${tap} with its firewall entries`);
  }
  for (const path of plan.runDirectories) {
    await deps.effects.removeRunDirectory(path);
    removed.push(`run directory ${path}`);
  }
  for (const what of removed) deps.logger.warn({ orphan: what }, 'orphan removed');
  if (removed.length > 0) {
    await deps.report(
      removed.slice(0, 32).map((what) => ({
        type: 'Warning',
        reason: USER_VM_REASONS.OrphanRemoved,
        message: `${what}: belongs to no UserVM of this node`,
      })),
    );
  }
  return { removedCount: removed.length, unknownVolumeCount };
}
