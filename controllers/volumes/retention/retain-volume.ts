import type { VolumeFiles } from '../volume-files.ts';
import type { VolumePaths } from '../volume-paths.ts';
import type { RetainedRecord, VolumeOwner } from './retained-record.ts';

/** How a volume that nothing uses any more is kept. */
export interface Keeping {
  readonly id: string;
  readonly owner: VolumeOwner;
  readonly cause: RetainedRecord['cause'];
  /** 0: not at all. */
  readonly retentionMs: number;
  /** Wall milliseconds. */
  readonly nowMs: number;
}

/**
 * Sets a volume aside for its retention time, or removes it where that is nothing. The record comes first, so that
 * a volume in the retained folder always has one. Fine to be called again, and when there is no such file.
 */
export async function retainVolume(
  deps: { readonly files: VolumeFiles; readonly paths: VolumePaths },
  raw: string,
  keeping: Keeping,
): Promise<void> {
  const { files, paths } = deps;
  if (keeping.retentionMs <= 0) {
    await files.remove(raw);
    return;
  }
  if ((await files.sizeOf(raw)) === undefined) return;
  const target = paths.retained(keeping.id);
  await files.makeDirectory(paths.retainedDirectory);
  await files.writeText(target.record, JSON.stringify(recordOf(keeping)));
  await files.publish(raw, target.raw);
}

/** What is written beside the volume. */
export function recordOf({ id, owner, cause, retentionMs, nowMs }: Keeping): RetainedRecord {
  const { namespace, name, user } = owner;
  const since = new Date(nowMs).toISOString();
  const until = new Date(nowMs + retentionMs).toISOString();
  return { id, namespace, name, user, cause, since, until };
}
