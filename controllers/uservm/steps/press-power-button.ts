import type { StepContext, StepState } from '../step-context.ts';

/**
 * Asks the guest to power off. A VMM that cannot press the button (no VM in it, hung API) is stopped hard
 * at once: waiting for a press that never came would only cost time.
 */
export async function pressPowerButton(context: StepContext, state: StepState): Promise<StepState> {
  const { record } = state;
  if (record?.stop === undefined) return state;
  const stop = { ...record.stop };
  try {
    await context.effects.pressPowerButton(context.paths);
    stop.pressed = true;
  } catch {
    stop.graceMs = 0;
  }
  const next = { ...record, stop };
  await context.effects.writeRecord(context.paths, JSON.stringify(next));
  return { ...state, record: next };
}
