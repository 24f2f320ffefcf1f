import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import { USER_VM_CONDITIONS, USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import type { UserVmStatus } from '../../crds/uservm/definition.ts';
import type { EnsuredGuestPort } from './node-effects.ts';
import type { Outcome } from './plan.ts';
import type { VmmRecord } from './vmm-record.ts';

export interface EventsInput {
  readonly previous: UserVmStatus;
  readonly next: UserVmStatus;
  readonly outcome: Outcome;
  /** The record before and after the steps. */
  readonly recordBefore: VmmRecord | undefined;
  readonly recordAfter: VmmRecord | undefined;
  readonly ensuredPort: EnsuredGuestPort | undefined;
  /** The namespace's firewall was found changed and mended for everybody. */
  readonly firewallMended: boolean;
  readonly exitMessage: string;
}

const WARNINGS: ReadonlySet<string> = new Set([
  USER_VM_REASONS.TapRepaired,
  USER_VM_REASONS.GuestUnresponsive,
  USER_VM_REASONS.BootTimeout,
  USER_VM_REASONS.VmCreateFailed,
]);

/** The events that explain the step from one status to the next. Pure. */
export function eventsOf(input: EventsInput): LifecycleEvent[] {
  return [...repairEvents(input), ...outcomeEvents(input), ...conditionEvents(input)];
}

function repairEvents(input: EventsInput): LifecycleEvent[] {
  // Making a port for a new VMM is no repair; finding one damaged under a live VMM is.
  const isLive = input.recordBefore !== undefined;
  const events: LifecycleEvent[] = [];
  const isRestart =
    input.outcome.state === 'stopping' && input.outcome.reason === USER_VM_REASONS.TapRepaired;
  if (isLive && input.ensuredPort?.tapRepaired === true && !isRestart) {
    events.push(warning(USER_VM_REASONS.TapRepaired, 'the tap was not as it should be; mended'));
  }
  if (input.firewallMended || (isLive && input.ensuredPort?.firewallRepaired === true)) {
    events.push(warning(USER_VM_REASONS.FirewallRepaired, 'the firewall was not as it should be; mended'));
  }
  return events;
}

function outcomeEvents(input: EventsInput): LifecycleEvent[] {
  const { outcome, previous, next, recordBefore, recordAfter } = input;
  switch (outcome.state) {
    case 'stopping': {
      if (recordBefore?.stop !== undefined || recordAfter?.stop === undefined) return [];
      const type = WARNINGS.has(outcome.reason) ? 'Warning' : 'Normal';
      return [{ type, reason: outcome.reason, message: outcome.message }];
    }
    case 'exited':
      return [warning(USER_VM_REASONS.VmmExited, input.exitMessage)];
    case 'stopped':
      if (previous.phase === 'Stopped') return [];
      return [normal(USER_VM_REASONS.Stopped, outcome.message)];
    case 'paused':
      if (previous.phase === 'Paused') return [];
      return [normal(USER_VM_REASONS.Paused, 'the VM stands still; its memory and its connections are kept')];
    case 'stalled': {
      const isKnown = conditionOf(previous, USER_VM_CONDITIONS.Stalled)?.status === 'True';
      const isSame = isKnown && previous.observedGeneration === next.observedGeneration;
      return isSame ? [] : [warning(outcome.reason, outcome.message)];
    }
    case 'standby':
      if (previous.phase === 'Standby') return [];
      return [normal(USER_VM_REASONS.Standby, outcome.message)];
    case 'ended':
      if (outcome.reason !== USER_VM_REASONS.SnapshotUnusable) return [];
      return [warning(outcome.reason, outcome.message)];
    case 'resuming':
      if (recordAfter?.restoredFrom !== undefined && recordBefore?.resumedAt !== recordAfter.resumedAt) {
        return [
          normal(USER_VM_REASONS.Woken, `the VM goes on from its snapshot of ${recordAfter.restoredFrom}`),
        ];
      }
      if (previous.phase !== 'Paused') return [];
      return [normal(USER_VM_REASONS.Resumed, 'the VM goes on where it was paused')];
    case 'failed':
    case 'unmet': {
      // Told once a reason: figures in the message, such as free bytes, change from try to try.
      const known = conditionOf(previous, USER_VM_CONDITIONS.Provisioned);
      return known?.reason === outcome.reason ? [] : [warning(outcome.reason, outcome.message)];
    }
    default:
      return [];
  }
}

function conditionEvents({ previous, next, recordAfter }: EventsInput): LifecycleEvent[] {
  const turned = (type: string) =>
    conditionOf(previous, type)?.status !== 'True' && conditionOf(next, type)?.status === 'True';
  const events: LifecycleEvent[] = [];
  if (turned(USER_VM_CONDITIONS.Provisioned)) {
    events.push(normal(USER_VM_REASONS.Provisioned, `VMM process ${recordAfter?.pid} has its VM`));
  }
  if (next.bootId !== undefined && next.bootCount !== previous.bootCount) {
    events.push(normal(USER_VM_REASONS.Booted, `the guest booted, boot id ${next.bootId}`));
  }
  if (turned(USER_VM_CONDITIONS.Ready)) {
    if (recordAfter?.resumedAt !== undefined && recordAfter.restoredFrom === undefined) {
      return [...events, normal(USER_VM_REASONS.Ready, 'the VM serves again')];
    }
    const totalMs = (next.lifecycle ?? []).reduce((sum, step) => sum + step.durationMs, 0);
    events.push(normal(USER_VM_REASONS.Ready, `the VM serves, ${totalMs} ms after its start began`));
  }
  return events;
}

function conditionOf(status: UserVmStatus, type: string) {
  return status.conditions?.find((condition) => condition.type === type);
}

function warning(reason: string, message: string): LifecycleEvent {
  return { type: 'Warning', reason, message };
}

function normal(reason: string, message: string): LifecycleEvent {
  return { type: 'Normal', reason, message };
}
