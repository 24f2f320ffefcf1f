import {
  SANDBOX_CONTAINER_CONDITIONS as CONDITIONS,
  SANDBOX_CONTAINER_REASONS as REASONS,
} from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { jobDeadlineMs, jobOutcomeOf, jobPolicyOf } from '../../crds/sandboxcontainer/job.ts';
import { formatTime, isConditionTrue } from '../runtime/index.ts';
import type { OwnContainer } from './own-container.ts';
import type { Exit, Reason } from './pass-facts.ts';

/** What a pass saw of a job's container, after its steps. */
export interface JobFacts {
  readonly own: OwnContainer | undefined;
  /** The guest's boot id. */
  readonly bootId: string;
  /** Drift key of what is declared. */
  readonly specHash: string;
  /** The end of a run that the status did not tell before this pass. */
  readonly exit: Exit | undefined;
  /** Why a step failed in this pass. */
  readonly failure: Reason | undefined;
  /** The back-off is over. */
  readonly mayTry: boolean;
  readonly nowMs: number;
}

/** Where a job stands. */
export interface JobProgress {
  readonly active: 0 | 1;
  readonly attempts: number;
  readonly failedAttempts: number;
  readonly startTime: string | undefined;
  readonly isSuspended: boolean;
  /** Set in the pass in which it is decided, and never again. */
  readonly outcome: ({ readonly type: 'Complete' | 'Failed' } & Reason) | undefined;
  /** The attempt was cut short by something that nobody saw. */
  readonly interrupted: Reason | undefined;
}

/** Where a job stands after a pass. Pure. */
export function advanceJob(object: SandboxContainer, facts: JobFacts): JobProgress {
  const before = progressBefore(object);
  if (jobOutcomeOf(object) !== undefined) return before;
  const { backoffLimit, suspend = false } = jobPolicyOf(object);
  const now = { ...before, isSuspended: suspend, ...stepOf(object, before, facts) };
  const deadlineMs = jobDeadlineMs(object);
  const isPastDeadline = deadlineMs !== undefined && facts.nowMs >= deadlineMs;
  const outcome = outcomeOf(now, { exit: facts.exit, backoffLimit, isPastDeadline });
  // As upstream: what is suspended has no start, so that its deadline begins anew when it is resumed.
  const isPut = suspend && now.active === 0 && outcome === undefined;
  return { ...now, startTime: isPut ? undefined : now.startTime, outcome };
}

/** A job whose deadline passes while its guest cannot be called; undefined where that is not so. Pure. */
export function expireJob(object: SandboxContainer, nowMs: number): JobProgress | undefined {
  const deadlineMs = jobDeadlineMs(object);
  if (jobOutcomeOf(object) !== undefined || deadlineMs === undefined || nowMs < deadlineMs) return undefined;
  const before = progressBefore(object);
  const now = { ...before, active: 0, failedAttempts: before.failedAttempts + before.active } as const;
  return { ...now, outcome: outcomeOf(now, { exit: undefined, backoffLimit: 0, isPastDeadline: true }) };
}

function progressBefore({ status }: SandboxContainer): JobProgress {
  return {
    active: status?.active === 1 ? 1 : 0,
    attempts: status?.attempts ?? 0,
    failedAttempts: status?.failedAttempts ?? 0,
    startTime: status?.startTime,
    isSuspended: isConditionTrue(status?.conditions, CONDITIONS.Suspended),
    outcome: undefined,
    interrupted: undefined,
  };
}

/** The one thing that happened to the attempts. */
function stepOf(object: SandboxContainer, before: JobProgress, facts: JobFacts): Partial<JobProgress> {
  const { own, exit, failure } = facts;
  // An end that no attempt was told for: the status was lost or restored. It ran, so it counts.
  const attempts = before.active === 1 ? before.attempts : before.attempts + 1;
  const failed = { active: 0, attempts, failedAttempts: before.failedAttempts + 1 } as const;
  if (exit !== undefined) return exit.exitCode === 0 ? { active: 0, attempts } : failed;
  if (own?.state === 'running') return before.active === 1 ? {} : { active: 1, attempts };
  if (before.active === 0) return mayBegin(object, facts) ? begin(before, facts) : {};
  if (own === undefined && jobPolicyOf(object).suspend === true) return { active: 0 };
  const isThere = own !== undefined && own.bootId === facts.bootId && own.state !== 'broken';
  if (!isThere) return { ...failed, interrupted: interruptionOf(own, facts.bootId) };
  return failure?.reason === REASONS.StartFailed ? failed : {};
}

function interruptionOf(own: OwnContainer | undefined, bootId: string): Reason {
  const why =
    own === undefined
      ? 'its container is gone'
      : own.bootId === bootId
        ? 'its container cannot be used any more'
        : 'its VM booted again';
  const message = `the attempt was cut short: ${why}; whether its program did its work is not known`;
  return { reason: REASONS.Interrupted, message };
}

/** A container stands ready for an attempt that is not told yet: a new one, or one whose attempt failed. */
function mayBegin(object: SandboxContainer, facts: JobFacts): boolean {
  const { own, bootId, specHash, failure, mayTry, nowMs } = facts;
  const { suspend = false } = jobPolicyOf(object);
  const deadlineMs = jobDeadlineMs(object);
  if (own === undefined || own.bootId !== bootId || own.specHash !== specHash) return false;
  if (suspend || failure !== undefined || !mayTry || (deadlineMs !== undefined && nowMs >= deadlineMs))
    return false;
  return own.state === 'starting' || (own.state === 'ended' && object.spec.restartPolicy === 'OnFailure');
}

function begin({ attempts, startTime }: JobProgress, { nowMs }: JobFacts): Partial<JobProgress> {
  return { active: 1, attempts: attempts + 1, startTime: startTime ?? formatTime(nowMs) };
}

function outcomeOf(
  { active, failedAttempts }: JobProgress,
  facts: { readonly exit: Exit | undefined; readonly backoffLimit: number; readonly isPastDeadline: boolean },
): JobProgress['outcome'] {
  const { exit, backoffLimit, isPastDeadline } = facts;
  const isEndedByUs = exit?.reason === REASONS.DeadlineExceeded;
  if (exit?.exitCode === 0 && !isEndedByUs)
    return { type: 'Complete', reason: REASONS.Completed, message: 'the program ended with exit code 0' };
  // The words of k8s.io/kubernetes/pkg/controller/job/job_controller.go.
  if (isEndedByUs || (isPastDeadline && active === 0)) {
    const message = 'Job was active longer than specified deadline';
    return { type: 'Failed', reason: REASONS.DeadlineExceeded, message };
  }
  if (failedAttempts <= backoffLimit) return undefined;
  const message = 'Job has reached the specified backoff limit';
  return { type: 'Failed', reason: REASONS.BackoffLimitExceeded, message };
}
