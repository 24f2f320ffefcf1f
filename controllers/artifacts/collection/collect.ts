import type { LifecycleEvent } from '../../../crds/meta/status-commit.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { ArtifactClaims } from './artifact-claims.ts';
import type { CollectionEffects } from './effects.ts';
import { type CollectionPlan, type ImageEntry, planCollection } from './plan.ts';
import { COLLECTION_REASONS } from './reasons.ts';

export interface CollectionDeps {
  readonly effects: CollectionEffects;
  readonly claims: ArtifactClaims;
  /** Digests that GuestImages and this node's UserVMs name, from the caches; undefined before their first lists. */
  readonly cachedUse: () => ReadonlySet<string> | undefined;
  /** The same from the API server itself. @throws when it cannot be asked */
  readonly currentUse: () => Promise<ReadonlySet<string>>;
  /** Writes events about this node. */
  readonly report: (events: readonly LifecycleEvent[]) => Promise<void>;
  readonly retentionMs: number;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly logger: Logger;
}

/** What went, for metrics. */
export interface CollectionResult {
  readonly removedCount: number;
  readonly freedBytes: number;
}

const NOTHING: CollectionResult = { removedCount: 0, freedBytes: 0 };

/**
 * Removes artifacts that nothing names and what interrupted builds left, once the retention time is over. Before
 * anything is removed the API server is asked; without an answer, or where some VMM's image is not known,
 * everything stays. What is used is noted on the directory itself, also in one that another installation owns.
 */
export async function collectArtifacts(deps: CollectionDeps): Promise<CollectionResult> {
  const { effects, claims } = deps;
  const cached = deps.cachedUse();
  if (cached === undefined) return NOTHING;
  const { isOwn, entries } = await effects.inventory();
  const booted = await effects.bootedDigests();
  if (booted === undefined) return NOTHING;
  const suspected = planWith(deps, entries, [cached, booted, claims.claimed()]);
  for (const entry of suspected.touch) await effects.touch(entry);
  if (!isOwn || suspected.remove.length === 0) return NOTHING;
  const current = await deps.currentUse();
  const plan = planWith(deps, entries, [cached, booted, claims.claimed(), current]);
  return removeAll(deps, plan.remove);
}

function planWith(
  { retentionMs, clock }: CollectionDeps,
  entries: readonly ImageEntry[],
  uses: readonly ReadonlySet<string>[],
): CollectionPlan {
  const used = new Set(uses.flatMap((use) => [...use]));
  return planCollection({ entries, used, retentionMs, nowMs: clock.nowMs() });
}

async function removeAll(deps: CollectionDeps, entries: readonly ImageEntry[]): Promise<CollectionResult> {
  const events: LifecycleEvent[] = [];
  const result = { removedCount: 0, freedBytes: 0 };
  for (const entry of entries) {
    try {
      const freedBytes = await removeEntry(deps, entry);
      if (freedBytes === undefined) continue;
      result.removedCount += 1;
      result.freedBytes += freedBytes;
      deps.logger.info({ path: entry.path, freed_bytes: freedBytes }, 'guest image collected');
      const message = `${entry.path}: ${wordsOf(deps, entry)}; ${Math.ceil(freedBytes / 2 ** 20)} MiB freed`;
      events.push({ type: 'Normal', reason: COLLECTION_REASONS.GuestImageCollected, message });
    } catch (error) {
      deps.logger.warn({ err: error, path: entry.path }, 'a guest image cannot be collected');
      const message = `${entry.path}: ${error instanceof Error ? error.message : String(error)}`;
      events.push({ type: 'Warning', reason: COLLECTION_REASONS.GuestImageCollectionFailed, message });
    }
  }
  if (events.length > 0) await deps.report(events.slice(0, 32));
  return result;
}

/** Removes one. Returns the bytes that became free; undefined where a VM turned out to start from it. */
async function removeEntry(deps: CollectionDeps, entry: ImageEntry): Promise<number | undefined> {
  const { effects, claims } = deps;
  if (entry.what.kind !== 'artifact') return effects.remove(entry.path);
  const { digest } = entry.what;
  const aside = await claims.collect(digest, async () => {
    // Whoever claimed it before is recorded by now, whoever claims it from now on waits.
    const booted = await effects.bootedDigests();
    return booted === undefined || booted.has(digest) ? undefined : effects.setAside(entry);
  });
  return aside === undefined ? undefined : effects.remove(aside);
}

function wordsOf({ retentionMs }: CollectionDeps, { what }: ImageEntry): string {
  if (what.kind === 'setAside') return 'its removal was interrupted';
  const hours = Math.round((retentionMs / 3_600_000) * 10) / 10;
  if (what.kind === 'build') return `left by a build that was interrupted more than ${hours} h ago`;
  return `no GuestImage and no VM has named it for ${hours} h`;
}
