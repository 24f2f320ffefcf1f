import type { StepContext, StepState } from '../step-context.ts';

/** Lets a paused VM go on. The time is written down first: its guest is not to be measured from its boot. */
export async function resumeVm(context: StepContext, state: StepState): Promise<StepState> {
  const { effects, paths, clock } = context;
  if (state.record === undefined) throw new TypeError('a VM that is resumed has a record');
  const record = { ...state.record, resumedAt: new Date(clock.nowMs()).toISOString() };
  await effects.writeRecord(paths, JSON.stringify(record));
  await effects.resumeVm(paths);
  return { ...state, record };
}
