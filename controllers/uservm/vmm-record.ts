import { z } from 'zod';
import { bootSpecSchema } from './boot-spec.ts';

/**
 * `vmm.json` in a VM's run directory: which process is this VM's VMM and what it was started with. Written
 * whole before the VMM is given a VM, so that after a crash the VMM is either recorded or certainly empty.
 */
export const vmmRecordSchema = z.object({
  uid: z.string(),
  vmId: z.string(),
  pid: z.int(),
  /** Start time of the process in clock ticks since the host's boot: tells it from a later one of that pid. */
  startTimeTicks: z.int(),
  /** Wall time, ISO 8601. */
  spawnedAt: z.iso.datetime(),
  /** Wall time at which a paused VM was last let go on: patience with its guest begins anew there. */
  resumedAt: z.iso.datetime().optional(),
  /** When the snapshot was taken that this VMM was started for; absent: it was started for a boot. */
  restoredFrom: z.iso.datetime().optional(),
  /** The boot that the snapshot is of. */
  restoredBootId: z.string().optional(),
  /** Number of the tap device that the VMM opened. */
  tapIfindex: z.int(),
  bootedSpecHash: z.string(),
  boot: bootSpecSchema,
  imageDigest: z.string(),
  /** The recycle request that this boot carries out. */
  recycleRequest: z.string().optional(),
  /** A stop was begun and is to be finished, whatever the object says meanwhile. */
  stop: z
    .object({
      reason: z.string(),
      message: z.string(),
      startedAt: z.iso.datetime(),
      graceMs: z.int(),
      /** The power button was pressed. */
      pressed: z.boolean(),
    })
    .optional(),
});

export type VmmRecord = z.infer<typeof vmmRecordSchema>;

/** The record in a file's text. Text that is none counts as absent: its VMM is then unrecorded, and replaced. */
export function parseVmmRecord(text: string | undefined): VmmRecord | undefined {
  if (text === undefined) return undefined;
  try {
    return vmmRecordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
