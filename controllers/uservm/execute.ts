import { USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import { withSpan } from '../../lib/telemetry.ts';
import type { Step, StepName } from './step.ts';
import { type StepContext, StepError, type StepState } from './step-context.ts';
import { beginStop } from './steps/begin-stop.ts';
import { createVm } from './steps/create-vm.ts';
import { ensureNetwork } from './steps/ensure-network.ts';
import { ensureVolume } from './steps/ensure-volume.ts';
import { killProcesses } from './steps/kill-processes.ts';
import { pressPowerButton } from './steps/press-power-button.ts';
import { resumeVm } from './steps/resume-vm.ts';
import { shutdownVmm } from './steps/shutdown-vmm.ts';
import { spawnVmm } from './steps/spawn-vmm.ts';
import { takeSnapshot } from './steps/take-snapshot.ts';

/** The reason in condition and event when a step fails, where its error brings none of its own. */
const FAILURE_REASONS: Readonly<Record<StepName, string>> = {
  killProcesses: USER_VM_REASONS.VmmStartFailed,
  clearRun: USER_VM_REASONS.VmmStartFailed,
  verifyImage: USER_VM_REASONS.GuestImageUnavailable,
  ensureVolume: USER_VM_REASONS.VolumeFailed,
  ensureNetwork: USER_VM_REASONS.NetworkFailed,
  prepareRunDirectory: USER_VM_REASONS.VmmStartFailed,
  spawnVmm: USER_VM_REASONS.VmmStartFailed,
  createVm: USER_VM_REASONS.VmCreateFailed,
  bootVm: USER_VM_REASONS.VmCreateFailed,
  pauseVm: USER_VM_REASONS.PauseFailed,
  requireSnapshotRoom: USER_VM_REASONS.StandbyFailed,
  takeSnapshot: USER_VM_REASONS.StandbyFailed,
  restoreVm: USER_VM_REASONS.SnapshotUnusable,
  removeStandby: USER_VM_REASONS.SnapshotUnusable,
  resumeVm: USER_VM_REASONS.GuestUnresponsive,
  beginStop: USER_VM_REASONS.Stopping,
  pressPowerButton: USER_VM_REASONS.Stopping,
  shutdownVmm: USER_VM_REASONS.Stopping,
  removeNetwork: USER_VM_REASONS.NetworkFailed,
  removeVolume: USER_VM_REASONS.VolumeFailed,
  removeRunDirectory: USER_VM_REASONS.Deleting,
};

export interface ExecuteOptions {
  readonly steps: readonly Step[];
  readonly context: StepContext;
  readonly state: StepState;
  /** Called after each step that was done. */
  readonly onDone: (step: StepName, durationMs: number) => void;
  readonly signal: AbortSignal;
}

/** Steps done in order; `failure` is that of the step at which it ended. */
export interface Execution {
  readonly state: StepState;
  readonly failure: StepError | undefined;
}

/** Carries out the steps in order, a span each, and ends at the first that fails. */
export async function executeSteps(options: ExecuteOptions): Promise<Execution> {
  const { context, onDone, signal } = options;
  let { state } = options;
  for (const step of options.steps) {
    signal.throwIfAborted();
    const startMs = context.clock.monotonicMs();
    try {
      const attributes = { vm_id: context.vmId };
      state = await withSpan(`uservm ${step.name}`, { attributes }, () => executeStep(step, context, state));
    } catch (cause) {
      const reason = ownReasonOf(cause) ?? FAILURE_REASONS[step.name];
      return { state, failure: new StepError({ step: step.name, reason, cause }) };
    }
    onDone(step.name, context.clock.monotonicMs() - startMs);
  }
  return { state, failure: undefined };
}

function ownReasonOf(error: unknown): string | undefined {
  if (isDiskFull(error)) return USER_VM_REASONS.DiskFull;
  return isCorruptImage(error) ? USER_VM_REASONS.GuestImageCorrupt : undefined;
}

function isCorruptImage(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ArtifactError') return false;
  return 'isPresent' in error && error.isPresent === true;
}

function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'DiskFullError' || ('code' in error && error.code === 'ENOSPC');
}

async function executeStep(step: Step, context: StepContext, state: StepState): Promise<StepState> {
  const { effects, paths, uid, port } = context;
  switch (step.name) {
    case 'ensureNetwork':
      return ensureNetwork(context, state);
    case 'spawnVmm':
      return spawnVmm(context, state, step);
    case 'beginStop':
      return beginStop(context, state, step.stop);
    case 'pressPowerButton':
      return pressPowerButton(context, state);
    case 'clearRun':
      await effects.clearRun(paths);
      return { ...state, record: undefined };
    case 'verifyImage':
      await effects.verifyImage(step.digest);
      return state;
    case 'killProcesses':
      await killProcesses(context, step.processes);
      return state;
    case 'ensureVolume':
      return ensureVolume(context, state, step.isStart);
    case 'prepareRunDirectory':
      await effects.prepareRunDirectory(paths);
      return state;
    case 'createVm':
      await createVm(context, step.image);
      return state;
    case 'bootVm':
      await effects.bootVm(paths);
      return state;
    case 'pauseVm':
      await effects.pauseVm(paths);
      return state;
    case 'requireSnapshotRoom':
      await effects.requireSnapshotRoom(paths, state.record?.boot.memoryBytes ?? 0);
      return state;
    case 'takeSnapshot':
      return takeSnapshot(context, state, step.bootId);
    case 'restoreVm':
      await effects.restoreVm(paths, step.snapshot);
      return state;
    case 'removeStandby':
      await effects.removeStandby(paths);
      return state;
    case 'resumeVm':
      return resumeVm(context, state);
    case 'shutdownVmm':
      await shutdownVmm(context);
      return state;
    case 'removeNetwork':
      await effects.removeGuestPort(port.tap);
      return state;
    case 'removeVolume':
      await effects.removeVolume(uid, { owner: context.owner, retentionMs: context.retentionMs });
      return state;
    case 'removeRunDirectory':
      await effects.removeRunDirectory(paths);
      return state;
  }
}
