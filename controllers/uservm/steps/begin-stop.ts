import type { StepContext, StepState } from '../step-context.ts';
import type { VmmRecord } from '../vmm-record.ts';

/** Writes down that the VMM is to end, before anything ends it: its exit is then nobody's failure. */
export async function beginStop(
  context: StepContext,
  state: StepState,
  stop: NonNullable<VmmRecord['stop']>,
): Promise<StepState> {
  if (state.record === undefined) return state;
  const record = { ...state.record, stop };
  await context.effects.writeRecord(context.paths, JSON.stringify(record));
  return { ...state, record };
}
