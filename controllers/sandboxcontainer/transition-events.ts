import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import {
  SANDBOX_CONTAINER_CONDITIONS as CONDITIONS,
  SANDBOX_CONTAINER_REASONS as REASONS,
} from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainerStatus } from '../../crds/sandboxcontainer/definition.ts';
import type { PassFacts, Reason } from './pass-facts.ts';

/** The events that explain how a container came from one status to the next. Pure. */
export function transitionEvents(
  before: SandboxContainerStatus,
  status: SandboxContainerStatus,
  facts: PassFacts,
  started: Reason,
): LifecycleEvent[] {
  const events: LifecycleEvent[] = [];
  const { own, exit } = facts;
  const shortId = own?.id.slice(0, 12) ?? '';
  if (facts.isDisappeared) events.push({ type: 'Warning', ...started });
  if (own !== undefined && own.id !== before.containerId) {
    events.push(
      before.containerId === undefined && facts.remadeBecause === undefined
        ? { type: 'Normal', reason: REASONS.Created, message: `made container ${shortId} in ${facts.vmId}` }
        : {
            type: 'Normal',
            reason: REASONS.Recreated,
            message: `made container ${shortId} anew: ${facts.remadeBecause ?? 'the former one was another'}`,
          },
    );
  }
  if (own?.state === 'running' && status.startedAt !== before.startedAt) {
    const restart =
      status.restartCount === (before.restartCount ?? 0) ? '' : ` (restart ${status.restartCount})`;
    events.push({
      type: 'Normal',
      reason: REASONS.Started,
      message: `started container ${shortId}${restart}`,
    });
  }
  if (exit !== undefined) {
    const type = exit.reason === REASONS.Completed ? 'Normal' : 'Warning';
    events.push({ type, reason: exit.reason, message: started.message });
    if (status.phase === 'BackOff')
      events.push({
        type: 'Warning',
        reason: REASONS.BackOff,
        message: `next start in ${Math.ceil(facts.backoffMs / 1000)} s`,
      });
  }
  if (facts.hold?.reason === started.reason && knownReason(before) !== started.reason) {
    const isFault = started.reason !== REASONS.WaitingForDependencies;
    events.push({ type: isFault ? 'Warning' : 'Normal', ...started });
  }
  if (facts.failure !== undefined) events.push({ type: 'Warning', ...facts.failure });
  const ready = before.conditions?.find((item) => item.type === CONDITIONS.Ready);
  const { isReady, readyReason } = facts;
  const isNews = (ready?.status === 'True') !== isReady || ready?.reason !== readyReason?.reason;
  if (isNews && readyReason !== undefined) {
    if (isReady) events.push({ type: 'Normal', ...readyReason });
    if (readyReason.reason === REASONS.ProbeFailing) events.push({ type: 'Warning', ...readyReason });
  }
  return events;
}

function knownReason({ conditions }: SandboxContainerStatus): string | undefined {
  return conditions?.find((item) => item.type === CONDITIONS.Started)?.reason;
}
