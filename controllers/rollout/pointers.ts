import { artifactOf } from '../../crds/guestimage/artifact.ts';
import type { GuestImage, GuestImageSpec } from '../../crds/guestimage/definition.ts';
import type { RolloutHistoryEntry, RolloutStatus } from '../../crds/guestimage/rollout.ts';
import { formatTime } from '../runtime/index.ts';
import { attemptOf, type RolloutPolicy } from './policy.ts';

/** Desired and current differ: VMs are on their way to an artifact that is not proven yet. */
export function isForward({ desired, current }: RolloutStatus): boolean {
  return desired !== current;
}

/** Which artifact is led to, now that the spec is as it is. A paused spec begins nothing. */
export function adoptSpec(
  { metadata, spec, status }: Pick<GuestImage, 'metadata' | 'spec' | 'status'>,
  policy: RolloutPolicy,
  nowMs: number,
): RolloutStatus {
  const known = status?.rollout ?? firstRollout(spec, nowMs);
  const observed = { ...known, observedGeneration: metadata.generation ?? 0 };
  if (observed.failed?.attempt === attemptOf(spec)) return observed;
  const { failed: _, ...rollout } = observed;
  const isNew = !policy.paused && spec.digest !== rollout.desired;
  return withForNew(withEarlierPrevious(isNew ? begin(rollout, spec, policy, nowMs) : rollout), policy);
}

/** Back at the artifact that was the one before: before that is the last one that was completed. */
function withEarlierPrevious(rollout: RolloutStatus): RolloutStatus {
  if (rollout.previous !== rollout.desired) return rollout;
  const { previous: _, ...rest } = rollout;
  const earlier = rollout.history?.findLast(
    ({ artifact, outcome }) => outcome === 'Complete' && artifact.digest !== rollout.desired,
  );
  return earlier === undefined ? rest : { ...rest, previous: earlier.artifact.digest };
}

function firstRollout(spec: GuestImageSpec, nowMs: number): RolloutStatus {
  const startedAt = formatTime(nowMs);
  const artifact = artifactOf(spec);
  return {
    observedGeneration: 0,
    revision: 1,
    desired: spec.digest,
    current: spec.digest,
    forNew: spec.digest,
    ...{ total: 0, updated: 0, ready: 0, unavailable: 0, failedVms: 0 },
    history: [{ revision: 1, artifact, startedAt, outcome: 'Complete', finishedAt: startedAt }],
  };
}

function begin(
  rollout: RolloutStatus,
  spec: GuestImageSpec,
  policy: RolloutPolicy,
  nowMs: number,
): RolloutStatus {
  const revision = rollout.revision + 1;
  const entry: RolloutHistoryEntry = {
    revision,
    artifact: artifactOf(spec),
    startedAt: formatTime(nowMs),
    outcome: 'Progressing',
  };
  // An artifact that comes back is told once, as the newest.
  const earlier = concludeHistory(rollout, 'Superseded', nowMs).filter(
    ({ artifact }) => artifact.digest !== spec.digest,
  );
  const previous = rollout.current === spec.digest ? rollout.previous : rollout.current;
  const kept = earlier.filter(
    ({ artifact }, index) =>
      index >= earlier.length - policy.historyLimit ||
      artifact.digest === rollout.current ||
      artifact.digest === previous,
  );
  const pointers = previous === undefined ? {} : { previous };
  return { ...rollout, ...pointers, revision, desired: spec.digest, history: [...kept, entry] };
}

function concludeHistory(
  { history = [] }: RolloutStatus,
  outcome: RolloutHistoryEntry['outcome'],
  nowMs: number,
): RolloutHistoryEntry[] {
  return history.map((entry) =>
    entry.outcome === 'Progressing' ? { ...entry, outcome, finishedAt: formatTime(nowMs) } : entry,
  );
}

/** VMs that were given none follow the spec at once where they take an artifact with their own start. */
function withForNew(rollout: RolloutStatus, policy: RolloutPolicy): RolloutStatus {
  if (policy.paused) return rollout;
  const isAtOnce = policy.strategy === 'OnRecycle' && policy.percentage === 100;
  return { ...rollout, forNew: isAtOnce ? rollout.desired : rollout.current };
}

/** The spec named an artifact, and it is not known yet what becomes of it. */
export function isUndecided({ history = [] }: RolloutStatus): boolean {
  return history.some(({ outcome }) => outcome === 'Progressing');
}

/** All VMs have the desired artifact, and serve. */
export function complete(rollout: RolloutStatus, nowMs: number): RolloutStatus {
  const { desired } = rollout;
  const history = concludeHistory(rollout, 'Complete', nowMs);
  return { ...rollout, current: desired, forNew: desired, underway: [], history };
}

/** Too many failed: all VMs are led back to the artifact that was current before. */
export function rollBack(
  rollout: RolloutStatus,
  why: { readonly spec: GuestImageSpec; readonly reason: string; readonly message: string },
  nowMs: number,
): RolloutStatus {
  const { spec, reason, message } = why;
  const at = formatTime(nowMs);
  return {
    ...rollout,
    revision: rollout.revision + 1,
    desired: rollout.current,
    forNew: rollout.current,
    failed: { digest: rollout.desired, attempt: attemptOf(spec), reason, message, at },
    underway: rollout.underway?.map((each) => ({ ...each, since: at })) ?? [],
    history: concludeHistory(rollout, 'RolledBack', nowMs),
  };
}
