import { SANDBOX_CONTAINER_REASONS as REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainerStatus } from '../../crds/sandboxcontainer/definition.ts';
import type { PodmanInspect } from '../../lib/podman/index.ts';
import { formatTime } from '../runtime/index.ts';
import type { OwnContainer } from './own-container.ts';
import type { Exit } from './pass-facts.ts';
import { startedAtOf } from './status.ts';

/** How a run ended. @param killedFor why the controller ended it, where it did */
export function exitOf(inspect: PodmanInspect, killedFor: 'PidsLimitExceeded' | undefined): Exit {
  const finishedMs = Date.parse(inspect.finishedAt);
  const reason = inspect.oomKilled
    ? REASONS.OOMKilled
    : killedFor !== undefined
      ? REASONS[killedFor]
      : inspect.exitCode === 0
        ? REASONS.Completed
        : REASONS.Error;
  return { exitCode: inspect.exitCode, reason, finishedAt: formatTime(Math.max(finishedMs, 0)) };
}

/** Milliseconds that the run took. */
export function ranForMs(inspect: PodmanInspect): number {
  const duration = Date.parse(inspect.finishedAt) - Date.parse(inspect.startedAt);
  return Number.isFinite(duration) ? Math.max(0, duration) : 0;
}

/** Whether the status already tells the end of the run that `own` shows; a container that never ran has none. */
export function isExitRecorded(status: SandboxContainerStatus | undefined, own: OwnContainer): boolean {
  if (own.startedAtSeconds === undefined) return true;
  const isEndPhase = status?.phase === 'BackOff' || status?.phase === 'Exited' || status?.phase === 'Failed';
  return isEndPhase && status?.containerId === own.id && status.startedAt === startedAtOf(own);
}

/** After a restart of the process: about how many failures in a row the status tells of. */
export function earlierFailures(status: SandboxContainerStatus | undefined, nowMs: number): number {
  const lastExitMs = Date.parse(status?.lastExit?.finishedAt ?? '');
  return nowMs - lastExitMs < 600_000 ? Math.min(status?.restartCount ?? 0, 6) : 0;
}
