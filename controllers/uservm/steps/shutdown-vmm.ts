import type { StepContext } from '../step-context.ts';

/** Ends the VMM hard through its API; one that does not answer is killed when its time is up. */
export async function shutdownVmm({ effects, paths }: StepContext): Promise<void> {
  await effects.shutdownVmm(paths).catch(() => {});
}
