import type { StandbyRecord } from '../standby-record.ts';
import type { StepContext, StepState } from '../step-context.ts';

/** Writes a paused VM out, and once that is whole on the disk says so: from then on it may be woken from there. */
export async function takeSnapshot(
  context: StepContext,
  state: StepState,
  bootId: string | undefined,
): Promise<StepState> {
  const { effects, paths, uid, clock } = context;
  const { record } = state;
  if (record === undefined) throw new TypeError('a VM that is written out has a record');
  const snapshot = await effects.takeSnapshot(paths);
  const volumeMark = await effects.flushVolume(uid);
  const standby: StandbyRecord = {
    uid,
    takenAt: new Date(clock.nowMs()).toISOString(),
    boot: record.boot,
    imageDigest: record.imageDigest,
    ...(bootId === undefined ? {} : { bootId }),
    ...(record.recycleRequest === undefined ? {} : { recycleRequest: record.recycleRequest }),
    volumeMark,
    snapshot,
  };
  await effects.writeStandby(paths, JSON.stringify(standby));
  return state;
}
