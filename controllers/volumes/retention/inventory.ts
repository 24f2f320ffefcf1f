import type { VolumeFiles } from '../volume-files.ts';
import type { VolumePaths } from '../volume-paths.ts';
import { parseRetainedRecord, type RetainedRecord } from './retained-record.ts';

/** A volume that is kept after its deletion. */
export interface RetainedVolume {
  readonly record: RetainedRecord;
  /** Size as a disk; undefined where the record alone is there. */
  readonly sizeBytes: number | undefined;
  /** Bytes that it really takes. */
  readonly allocatedBytes: number;
}

const RECORD = /^(.+)\.json$/;

/** What lies in the retained folder, the one that goes first at the front. A volume without a record is nobody's to remove. */
export async function listRetained(deps: {
  readonly files: VolumeFiles;
  readonly paths: VolumePaths;
}): Promise<RetainedVolume[]> {
  const { files, paths } = deps;
  const found: RetainedVolume[] = [];
  for (const name of await files.list(paths.retainedDirectory)) {
    const id = RECORD.exec(name)?.[1];
    const record = id === undefined ? undefined : await readRetained(deps, id);
    if (record === undefined) continue;
    const { raw } = paths.retained(record.id);
    const sizeBytes = await files.sizeOf(raw);
    found.push({ record, sizeBytes, allocatedBytes: await files.allocatedBytesOf(raw) });
  }
  return found.sort((a, b) => Date.parse(a.record.until) - Date.parse(b.record.until));
}

/** The record of one, by its id; undefined where there is none, or one of another id. */
export async function readRetained(
  { files, paths }: { readonly files: VolumeFiles; readonly paths: VolumePaths },
  id: string,
): Promise<RetainedRecord | undefined> {
  const record = parseRetainedRecord(await files.readText(paths.retained(id).record));
  return record?.id === id ? record : undefined;
}
