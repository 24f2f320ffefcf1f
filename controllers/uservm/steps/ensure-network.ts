import type { StepContext, StepState } from '../step-context.ts';

/** Tap, bridge port and firewall entry are there. */
export async function ensureNetwork(context: StepContext, state: StepState): Promise<StepState> {
  return { ...state, ensuredPort: await context.effects.ensureGuestPort(context.port) };
}
