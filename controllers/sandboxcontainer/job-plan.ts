import type { SandboxContainerSpec } from '../../crds/sandboxcontainer/definition.ts';
import type { FoundContainers } from './own-container.ts';
import type { RemovalCause, Step } from './plan.ts';

export interface JobPlanInput {
  readonly found: FoundContainers;
  readonly specHash: string;
  /** The guest's boot id. */
  readonly bootId: string;
  readonly restartPolicy: SandboxContainerSpec['restartPolicy'];
  /** The status says that the job is done or given up. */
  readonly isFinished: boolean;
  /** The status tells of an attempt that is under way. */
  readonly isActive: boolean;
  /** The container of the attempt that the status tells of. */
  readonly recordedId: string | undefined;
  /** The status already tells the end that the container shows. */
  readonly isExitRecorded: boolean;
  readonly isSuspended: boolean;
  readonly isPastDeadline: boolean;
  /** The back-off is over. */
  readonly mayTry: boolean;
  /** It must wait for a sibling before its first attempt in this boot. */
  readonly isHeld: boolean;
  readonly isStuckAtPidsLimit: boolean;
}

/**
 * Steps of a job. Pure. A start is planned only for an attempt that the status tells of and that has not run yet:
 * whatever is lost later, no attempt runs twice. What is not planned here is the status's turn (`job-progress.ts`).
 */
export function planJob(input: JobPlanInput): Step[] {
  const { own, squatters } = input.found;
  const makeWay = squatters.map((id): Step => ({ kind: 'remove', id, why: 'name-taken' }));
  const mayMake = !input.isFinished && !input.isActive && !input.isSuspended && !input.isPastDeadline;
  if (own === undefined) {
    return mayMake && input.mayTry && !input.isHeld ? [...makeWay, { kind: 'create' }] : [];
  }
  if (own.state === 'leaving') return [];
  if (own.state === 'running') return stepsWhileRunning(own.id, input);
  if (input.isFinished) return [];
  if (own.state === 'ended' && !input.isExitRecorded && own.bootId === input.bootId) return [];
  if (input.isActive && input.isSuspended) return [{ kind: 'remove', id: own.id, why: 'suspended' }];
  const isOfThisBoot = own.bootId === input.bootId && own.state !== 'broken';
  if (input.isActive) return isOfThisBoot ? startOf(own, input) : [];
  if (!mayMake || !input.mayTry || (input.isHeld && !isOfThisBoot)) return [];
  const remake = (why: RemovalCause): Step[] => [
    { kind: 'remove', id: own.id, why },
    ...makeWay,
    { kind: 'create' },
  ];
  if (own.state === 'broken') return remake('broken');
  if (own.bootId !== input.bootId) return remake('rebooted');
  if (own.specHash !== input.specHash) return remake('spec-changed');
  return own.state === 'ended' && input.restartPolicy === 'Never' ? remake('attempt-over') : [];
}

function stepsWhileRunning(id: string, input: JobPlanInput): Step[] {
  if (input.isFinished || input.isPastDeadline) return [{ kind: 'stop', id, why: 'DeadlineExceeded' }];
  if (input.isSuspended) return [{ kind: 'remove', id, why: 'suspended' }];
  return input.isStuckAtPidsLimit ? [{ kind: 'kill', id, why: 'PidsLimitExceeded' }] : [];
}

function startOf(own: NonNullable<FoundContainers['own']>, input: JobPlanInput): Step[] {
  return own.id === input.recordedId ? [{ kind: 'start', id: own.id }] : [];
}
