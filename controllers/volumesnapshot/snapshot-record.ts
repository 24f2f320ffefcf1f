import { z } from 'zod';
import { volumeOwnerSchema } from '../volumes/retention/retained-record.ts';

/** The file beside a snapshot's: what its status is made of when the process ended before it was written. */
export const snapshotRecordSchema = z.object({
  /** Whose data it is. */
  owner: volumeOwnerSchema,
  /** The moment whose data it holds, ISO 8601. */
  takenAt: z.iso.datetime(),
  sizeBytes: z.int(),
  consistency: z.enum(['FileSystem', 'Crash']),
});

export type SnapshotRecord = z.infer<typeof snapshotRecordSchema>;

/** The record in a file's text; undefined for text that is none. */
export function parseSnapshotRecord(text: string | undefined): SnapshotRecord | undefined {
  if (text === undefined) return undefined;
  try {
    return snapshotRecordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
