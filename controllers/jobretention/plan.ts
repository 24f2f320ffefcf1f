import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { isJob, jobOutcomeOf, jobPolicyOf } from '../../crds/sandboxcontainer/job.ts';

export type JobRetentionPlan =
  | { readonly action: 'none' }
  | { readonly action: 'wait'; readonly dueInMs: number }
  | { readonly action: 'delete' };

/** Whether a job has outlived its end for as long as it is to. Pure. */
export function planRetention(object: SandboxContainer, nowMs: number): JobRetentionPlan {
  if (!isJob(object) || object.metadata.deletionTimestamp !== undefined) return { action: 'none' };
  const { ttlSecondsAfterFinished } = jobPolicyOf(object);
  const finishedMs = jobOutcomeOf(object)?.finishedMs;
  if (ttlSecondsAfterFinished === undefined || finishedMs === undefined || Number.isNaN(finishedMs))
    return { action: 'none' };
  const dueInMs = finishedMs + ttlSecondsAfterFinished * 1000 - nowMs;
  return dueInMs > 0 ? { action: 'wait', dueInMs } : { action: 'delete' };
}
