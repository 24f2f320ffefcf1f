import { SANDBOX_CONTAINER_CONDITIONS as CONDITIONS } from './conditions.ts';
import type { JobPolicy, SandboxContainer } from './definition.ts';

/** Whether an object runs to completion. One of role job with `restartPolicy: Always` is older than the rule against it. */
export function isJob({ spec }: SandboxContainer): boolean {
  return spec.role === 'job' && spec.restartPolicy !== 'Always';
}

/** `spec.job`, with the defaults of the schema where it is absent. */
export function jobPolicyOf({ spec }: SandboxContainer): JobPolicy {
  return spec.job ?? { backoffLimit: 6 };
}

export interface JobOutcome {
  readonly type: 'Complete' | 'Failed';
  /** Milliseconds since the epoch. */
  readonly finishedMs: number;
}

/** How a job ended for good; undefined while it has not. */
export function jobOutcomeOf({ status }: SandboxContainer): JobOutcome | undefined {
  const final = status?.conditions?.find(
    ({ type, status: value }) =>
      (type === CONDITIONS.Complete || type === CONDITIONS.Failed) && value === 'True',
  );
  if (final === undefined) return undefined;
  return {
    type: final.type === CONDITIONS.Complete ? 'Complete' : 'Failed',
    finishedMs: Date.parse(final.lastTransitionTime ?? ''),
  };
}

/** When a job has been active for too long, in milliseconds since the epoch; undefined without a deadline or a start. */
export function jobDeadlineMs(object: SandboxContainer): number | undefined {
  const { activeDeadlineSeconds } = jobPolicyOf(object);
  const startMs = Date.parse(object.status?.startTime ?? '');
  if (activeDeadlineSeconds === undefined || Number.isNaN(startMs)) return undefined;
  return startMs + activeDeadlineSeconds * 1000;
}
