import type { StepContext } from '../step-context.ts';

/** The data volume is there and large enough. */
export async function ensureVolume({ effects, uid, desired }: StepContext): Promise<void> {
  await effects.ensureVolume(uid, desired.boot.volumeBytes);
}
