import type { SandboxContainerSpec } from '../../crds/sandboxcontainer/definition.ts';
import type { RouteKey } from '../ingress/guest-ingress.ts';
import type { FoundContainers } from './own-container.ts';

/** Why a container is removed. */
export type RemovalCause =
  | 'spec-changed'
  | 'rebooted'
  | 'broken'
  | 'name-taken'
  /** A job's failed attempt: the next one has a container of its own. */
  | 'attempt-over'
  | 'suspended';

/** What is to be done to the container. Plain data, in the order of doing. */
export type Step =
  | {
      readonly kind: 'remove';
      readonly id: string;
      readonly why: RemovalCause;
    }
  | { readonly kind: 'create' }
  /** `id` undefined: the one just created. */
  | { readonly kind: 'start'; readonly id: string | undefined }
  | { readonly kind: 'kill'; readonly id: string; readonly why: 'PidsLimitExceeded' }
  /** SIGTERM, after the grace period SIGKILL; the container stays. */
  | { readonly kind: 'stop'; readonly id: string; readonly why: 'DeadlineExceeded' };

export interface LifecycleInput {
  readonly found: FoundContainers;
  /** Drift key of what is declared. */
  readonly specHash: string;
  /** The guest's boot id. */
  readonly bootId: string;
  readonly restartPolicy: SandboxContainerSpec['restartPolicy'];
  /** The status already tells this run's end. */
  readonly isExitRecorded: boolean;
  /** The status says that the container of this generation ended for good. */
  readonly isFinished: boolean;
  /** The status names a container, and the guest has none: that is told first. */
  readonly isDisappeared: boolean;
  /** The back-off is over. */
  readonly mayTry: boolean;
  /** It must wait for a sibling before it is made where none of it runs. */
  readonly isHeld: boolean;
  /** It stays at its pids limit. */
  readonly isStuckAtPidsLimit: boolean;
}

/** Steps that bring the container to what is declared; none when it is there, or when it must wait. Pure. */
export function planLifecycle(input: LifecycleInput): Step[] {
  const { own, squatters } = input.found;
  const makeWay = squatters.map((id): Step => ({ kind: 'remove', id, why: 'name-taken' }));
  const make: Step[] = [...makeWay, { kind: 'create' }, { kind: 'start', id: undefined }];
  if (own === undefined) {
    return input.isFinished || input.isDisappeared || !input.mayTry || input.isHeld ? [] : make;
  }
  const remake = (why: 'spec-changed' | 'rebooted' | 'broken'): Step[] => [
    { kind: 'remove', id: own.id, why },
    ...make,
  ];
  if (own.state === 'leaving') return [];
  // A new spec does not wait for the old one's back-off.
  if (input.isHeld && own.state !== 'running' && own.bootId !== input.bootId) return [];
  if (own.specHash !== input.specHash) return remake('spec-changed');
  if (input.isFinished) return [];
  if (own.state === 'running') {
    return input.isStuckAtPidsLimit ? [{ kind: 'kill', id: own.id, why: 'PidsLimitExceeded' }] : [];
  }
  if (own.bootId !== input.bootId) return remake('rebooted');
  if (!input.mayTry) return [];
  if (own.state === 'broken') return remake('broken');
  if (own.state === 'starting') return [{ kind: 'start', id: own.id }];
  const isWanted = wantsRestart(input.restartPolicy, own.exitCode);
  return isWanted && input.isExitRecorded ? [{ kind: 'start', id: own.id }] : [];
}

/** Whether a container that is no job is started again when it ended. */
export function wantsRestart(policy: SandboxContainerSpec['restartPolicy'], exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** What is to be done to the guest's ingress. */
export type RouteStep =
  | { readonly kind: 'set-route'; readonly key: RouteKey; readonly target: string }
  | { readonly kind: 'delete-route'; readonly key: RouteKey };

export interface RouteInput {
  /** Undefined: the container has no route. */
  readonly key: RouteKey | undefined;
  /** Undefined: not ready, or without an address or port. */
  readonly target: string | undefined;
  /** Undefined: could not be read. */
  readonly routes: ReadonlyMap<string, string> | undefined;
}

/** The one change that makes the route right; undefined when it is right, or cannot be known. Pure. */
export function planRoute(input: RouteInput): RouteStep | undefined {
  const { key, target, routes } = input;
  if (key === undefined || routes === undefined) return undefined;
  const current = routes.get(key);
  if (current === target) return undefined;
  return target === undefined ? { kind: 'delete-route', key } : { kind: 'set-route', key, target };
}
