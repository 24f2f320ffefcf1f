import type { StepContext, StepState } from '../step-context.ts';

/**
 * The data volume is there and large enough. At a start a volume that cannot grow is taken as it is: the VM
 * boots with it, and the growth is tried again while it runs.
 */
export async function ensureVolume(
  context: StepContext,
  state: StepState,
  isStart: boolean,
): Promise<StepState> {
  const { effects, uid, desired } = context;
  try {
    await effects.ensureVolume(uid, desired.boot.volumeBytes);
    return { ...state, volumeBytes: desired.boot.volumeBytes };
  } catch (error) {
    const volumeBytes = isStart ? await effects.volumeBytes(uid) : undefined;
    if (volumeBytes === undefined) throw error;
    return { ...state, volumeBytes };
  }
}
