import { SANDBOX_CONTAINER_REASONS as REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainerStatus } from '../../crds/sandboxcontainer/definition.ts';
import type { PodmanInspect } from '../../lib/podman/index.ts';
import { formatTime } from '../runtime/index.ts';
import type { OwnContainer } from './own-container.ts';
import type { Exit } from './pass-facts.ts';
import { startedAtOf } from './status.ts';

/** SIGKILL, as an exit code. */
const killed = 137;

export interface ExitClues {
  /** Why the controller ended it, where it did. */
  readonly killedFor: 'PidsLimitExceeded' | 'DeadlineExceeded' | undefined;
  /** Ids that the guest's kernel log names; undefined where it could not be read. */
  readonly oomKilled: readonly string[] | undefined;
}

/**
 * How a run ended. podman learns of a kill for memory from conmon, which misses most of them on cgroup v2
 * (github.com/containers/conmon/issues/426): the guest's kernel log knows. Where that cannot be had, a SIGKILL that
 * the controller did not send counts as one, for inside a container nobody can send it to the first process.
 */
export function exitOf(inspect: PodmanInspect, clues: ExitClues): Exit {
  const finishedMs = Date.parse(inspect.finishedAt);
  const finishedAt = formatTime(Math.max(finishedMs, 0));
  const startedMs = Date.parse(inspect.startedAt);
  const startedAt = startedMs > 0 ? formatTime(startedMs) : undefined;
  const { id: containerId, exitCode } = inspect;
  return { exitCode, reason: reasonOf(inspect, clues), startedAt, finishedAt, containerId };
}

function reasonOf(inspect: PodmanInspect, { killedFor, oomKilled }: ExitClues): Exit['reason'] {
  // However it ends when it is told to: it did not come to its own end.
  if (killedFor === 'DeadlineExceeded') return REASONS.DeadlineExceeded;
  if (inspect.exitCode === 0) return REASONS.Completed;
  if (inspect.oomKilled) return REASONS.OOMKilled;
  if (killedFor !== undefined) return REASONS[killedFor];
  // The kernel log may name an earlier run of the container; with memory.oom.group the first process goes, too.
  const isKilled = inspect.exitCode === killed && (oomKilled?.includes(inspect.id) ?? true);
  return isKilled ? REASONS.OOMKilled : REASONS.Error;
}

/** Milliseconds that the run took. */
export function ranForMs(inspect: PodmanInspect): number {
  const duration = Date.parse(inspect.finishedAt) - Date.parse(inspect.startedAt);
  return Number.isFinite(duration) ? Math.max(0, duration) : 0;
}

/** Whether the status already tells the end of the run that `own` shows; a container that never ran has none. */
export function isExitRecorded(status: SandboxContainerStatus | undefined, own: OwnContainer): boolean {
  if (own.startedAtSeconds === undefined) return true;
  const { containerId, startedAt } = status?.lastExit ?? {};
  if (containerId === own.id && startedAt === startedAtOf(own)) return true;
  const isEndPhase = status?.phase === 'BackOff' || status?.phase === 'Exited' || status?.phase === 'Failed';
  return isEndPhase && status?.containerId === own.id && status.startedAt === startedAtOf(own);
}

/** After a restart of the process: about how many failures in a row the status tells of. */
export function earlierFailures(status: SandboxContainerStatus | undefined, nowMs: number): number {
  const lastExitMs = Date.parse(status?.lastExit?.finishedAt ?? '');
  return nowMs - lastExitMs < 600_000 ? Math.min(status?.restartCount ?? 0, 6) : 0;
}
