import { z } from 'zod';

/** Whose data a volume holds: it is given back to the same user in the same namespace only. */
export const volumeOwnerSchema = z.object({
  namespace: z.string(),
  /** Name of the UserVM. */
  name: z.string(),
  user: z.string(),
});

/** The file beside a retained volume: what it is, and until when it is kept. */
export const retainedRecordSchema = volumeOwnerSchema.extend({
  id: z.string(),
  /** Why nothing uses it any more. */
  cause: z.enum(['UserVmDeleted', 'SnapshotDeleted', 'Restored']),
  /** Wall times, ISO 8601. */
  since: z.iso.datetime(),
  until: z.iso.datetime(),
});

export type VolumeOwner = z.infer<typeof volumeOwnerSchema>;
export type RetainedRecord = z.infer<typeof retainedRecordSchema>;

/** The record in a file's text; undefined for text that is none. */
export function parseRetainedRecord(text: string | undefined): RetainedRecord | undefined {
  if (text === undefined) return undefined;
  try {
    return retainedRecordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
