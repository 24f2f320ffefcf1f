import { z } from 'zod';
import { bootSpecSchema } from './boot-spec.ts';

/** A file of a snapshot, as it was when it was whole on the disk. */
export const snapshotFileSchema = z.object({
  name: z.string().regex(/^[a-z.-]+$/),
  bytes: z.int(),
  /** CRC-32 of its bytes: finds what the disk lost, not what somebody meant to change. */
  crc32: z.int(),
});

/** What was written out of a VM that stands still. */
export const vmSnapshotSchema = z.object({
  /** Version of the VMM that wrote it: no other one reads it for certain. */
  vmmVersion: z.string(),
  files: z.array(snapshotFileSchema),
});
export type VmSnapshot = z.infer<typeof vmSnapshotSchema>;

/**
 * `standby.json` in a VM's run directory: its snapshot is whole, and goes with the data volume as that is. Written
 * while the VM stands still, and removed before any VM goes on: a memory is let go on once at most.
 */
export const standbyRecordSchema = z.object({
  uid: z.string(),
  takenAt: z.iso.datetime(),
  boot: bootSpecSchema,
  imageDigest: z.string(),
  /** The guest kernel's boot, where it was known. */
  bootId: z.string().optional(),
  recycleRequest: z.string().optional(),
  /** The data volume's `volumeMark`: another one means that somebody wrote to it since. */
  volumeMark: z.string(),
  snapshot: vmSnapshotSchema,
});
export type StandbyRecord = z.infer<typeof standbyRecordSchema>;

/** The record in a file's text; text that is none, or another VM's, counts as absent. */
export function parseStandbyRecord(text: string | undefined, uid: string): StandbyRecord | undefined {
  if (text === undefined) return undefined;
  try {
    const record = standbyRecordSchema.parse(JSON.parse(text));
    return record.uid === uid ? record : undefined;
  } catch {
    return undefined;
  }
}
