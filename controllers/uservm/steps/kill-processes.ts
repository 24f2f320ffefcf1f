import type { ProcessIdentity } from '../../../lib/process-identity.ts';
import type { StepContext } from '../step-context.ts';

/** SIGKILL to exactly these processes. The next look tells whether they are gone. */
export async function killProcesses(
  { effects }: StepContext,
  processes: readonly ProcessIdentity[],
): Promise<void> {
  for (const process of processes) await effects.killProcess(process);
}
