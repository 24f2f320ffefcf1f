import type { LifecycleEvent } from '../../../crds/meta/status-commit.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { VolumeFiles } from '../volume-files.ts';
import type { VolumePaths } from '../volume-paths.ts';
import { listRetained, type RetainedVolume, readRetained } from './inventory.ts';
import { RETENTION_REASONS } from './reasons.ts';

export interface RetentionDeps {
  readonly files: VolumeFiles;
  readonly paths: VolumePaths;
  /** Writes events about this node. */
  readonly report: (events: readonly LifecycleEvent[]) => Promise<void>;
  /** Tells where the API server shows it which volumes are kept here. */
  readonly publish: (volumes: readonly RetainedVolume[]) => Promise<void>;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly logger: Logger;
}

/** What a round found and did, for metrics. */
export interface RetentionResult {
  readonly volumes: readonly RetainedVolume[];
  readonly purgedCount: number;
}

/** A round removes no more than this; the next one goes on. */
const PURGES_MAX = 64;
const EVENTS_MAX = 32;

/**
 * A volume goes only when its time has been over for so long by the monotonic clock too: a wall clock that jumps
 * and is put right again costs nobody their data.
 */
export const EXPIRED_FOR_MS = 60_000;

/** Purges volumes whose retention time is over, and tells which ones are kept. */
export class RetentionRounds {
  readonly #deps: RetentionDeps;
  /** Monotonic time at which each was first seen expired, by id. */
  readonly #expiredSinceMs = new Map<string, number>();
  /** Undefined before the first round: what is there then was told by an earlier process. */
  #known: ReadonlySet<string> | undefined;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  async run(): Promise<RetentionResult> {
    const { publish, report } = this.#deps;
    const found = await listRetained(this.#deps);
    const events = this.#newsOf(found);
    const purged = new Set<string>();
    for (const volume of this.#due(found).slice(0, PURGES_MAX)) {
      // Kept anew since: a deletion that was interrupted after its record was carried on with.
      if ((await readRetained(this.#deps, volume.record.id))?.until !== volume.record.until) continue;
      const event = await this.#purge(volume);
      if (event.type === 'Normal') purged.add(volume.record.id);
      events.push(event);
    }
    const volumes = found.filter(
      ({ record, sizeBytes }) => !purged.has(record.id) && sizeBytes !== undefined,
    );
    await publish(volumes);
    if (events.length > 0) await report(events.slice(0, EVENTS_MAX));
    return { volumes, purgedCount: purged.size };
  }

  #newsOf(found: readonly RetainedVolume[]): LifecycleEvent[] {
    const known = this.#known;
    this.#known = new Set(found.map(({ record }) => record.id));
    if (known === undefined) return [];
    return found
      .filter(({ record, sizeBytes }) => sizeBytes !== undefined && !known.has(record.id))
      .map((volume) => ({
        type: 'Normal',
        reason: RETENTION_REASONS.VolumeRetained,
        message: `${wordsOf(volume)} is kept until ${volume.record.until} as ${volume.record.id}`,
      }));
  }

  #due(found: readonly RetainedVolume[]): RetainedVolume[] {
    const { clock } = this.#deps;
    const expired = found.filter(({ record }) => Date.parse(record.until) <= clock.nowMs());
    const ids = new Set(expired.map(({ record }) => record.id));
    for (const id of this.#expiredSinceMs.keys()) if (!ids.has(id)) this.#expiredSinceMs.delete(id);
    const nowMs = clock.monotonicMs();
    return expired.filter(({ record }) => {
      const sinceMs = this.#expiredSinceMs.get(record.id) ?? nowMs;
      this.#expiredSinceMs.set(record.id, sinceMs);
      return nowMs - sinceMs >= EXPIRED_FOR_MS;
    });
  }

  /** The volume first: a record alone is only looked at again, a volume alone would stay for ever. */
  async #purge(volume: RetainedVolume): Promise<LifecycleEvent> {
    const { files, paths, logger } = this.#deps;
    const { id } = volume.record;
    try {
      const { raw, record } = paths.retained(id);
      await files.remove(raw);
      await files.remove(record);
      this.#expiredSinceMs.delete(id);
      logger.info({ volume: id, freed_bytes: volume.allocatedBytes }, 'retained volume purged');
      const message = `${wordsOf(volume)}: its retention time is over; ${Math.ceil(volume.allocatedBytes / 2 ** 20)} MiB freed`;
      return { type: 'Normal', reason: RETENTION_REASONS.RetainedVolumePurged, message };
    } catch (error) {
      logger.warn({ err: error, volume: id }, 'a retained volume cannot be purged');
      const message = `${wordsOf(volume)}: ${error instanceof Error ? error.message : String(error)}`;
      return { type: 'Warning', reason: RETENTION_REASONS.RetainedVolumePurgeFailed, message };
    }
  }
}

function wordsOf({ record }: RetainedVolume): string {
  const { namespace, name, user, cause } = record;
  const what = {
    UserVmDeleted: 'the data volume of the deleted UserVM',
    SnapshotDeleted: 'a deleted snapshot of the UserVM',
    Restored: 'what a restore replaced in the UserVM',
  }[cause];
  return `${what} ${namespace}/${name} (user ${user})`;
}
