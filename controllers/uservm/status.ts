import { USER_VM_CONDITIONS, USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import type { LifecycleStep, UserVmStatus } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { setCondition } from '../runtime/index.ts';
import type { GuestInfo } from './node-effects.ts';
import type { DesiredVm } from './observation.ts';
import type { Outcome } from './plan.ts';
import type { VmmRecord } from './vmm-record.ts';

/** All that the new status is made of. */
export interface StatusInput {
  readonly previous: UserVmStatus;
  readonly generation: number | undefined;
  readonly outcome: Outcome;
  readonly goal: DesiredVm['goal'];
  /** The record after the steps. */
  readonly record: VmmRecord | undefined;
  readonly lifecycle: readonly LifecycleStep[] | undefined;
  /** Words for the conditions of a VM that ended by itself. */
  readonly exitMessage: string;
  readonly clock: Pick<Clock, 'nowMs'>;
}

type Word = readonly [status: 'True' | 'False', reason: string, message: string];
interface Words {
  readonly provisioned?: Word;
  readonly booted?: Word;
  readonly ready?: Word;
}

const PROVISIONED: Word = ['True', USER_VM_REASONS.Provisioned, 'image, volume, tap and VMM are there'];
const READY: Word = ['True', USER_VM_REASONS.Ready, 'the guest and its ingress answer'];
const BOOTED: Word = ['True', USER_VM_REASONS.Booted, 'the guest answers on its control port'];

/** The status that is true after a reconcile. Pure: without a difference it equals the previous one. */
export function statusOf(input: StatusInput): UserVmStatus {
  const { previous, outcome, record } = input;
  if (outcome.state === 'unchanged' || outcome.state === 'silent') return previous;
  // Said once, with what was known then: a later process knows less.
  if (outcome.state === 'stalled' && isStalledFor(input)) return previous;
  const { vmmPid: _, guestImage: __, bootId: ___, ...kept } = previous;
  return {
    ...kept,
    phase: phaseOf(input),
    ...(input.generation === undefined ? {} : { observedGeneration: input.generation }),
    ...(record === undefined
      ? {}
      : {
          vmmPid: record.pid,
          guestImage: { name: record.boot.guestImage, digest: record.imageDigest },
          dataVolume: { sizeBytes: record.boot.volumeBytes },
        }),
    ...bootOf(previous, outcome, record),
    ...keptMemoryOf(outcome),
    ...(outcome.state === 'running' && record?.recycleRequest !== undefined
      ? { recycledFor: record.recycleRequest }
      : {}),
    ...(input.lifecycle === undefined ? {} : { lifecycle: [...input.lifecycle] }),
    conditions: conditionsOf(input),
  };
}

function bootOf(previous: UserVmStatus, outcome: Outcome, record: VmmRecord | undefined) {
  const guest: GuestInfo | undefined = 'guest' in outcome ? outcome.guest : undefined;
  if (guest === undefined) {
    const isSameVmm = record !== undefined && previous.vmmPid === record.pid;
    const bootId = isSameVmm ? previous.bootId : record?.restoredBootId;
    return bootId === undefined ? {} : { bootId };
  }
  const isNewBoot = guest.bootId !== (previous.bootId ?? record?.restoredBootId);
  return { bootId: guest.bootId, bootCount: (previous.bootCount ?? 0) + (isNewBoot ? 1 : 0) };
}

/** What a VM in standby goes on with: the image that its memory is of stays named, and so stays on the disk. */
function keptMemoryOf(outcome: Outcome): Pick<UserVmStatus, 'bootId' | 'guestImage'> {
  if (outcome.state !== 'standby' || outcome.standby === undefined) return {};
  const { boot, imageDigest, bootId } = outcome.standby;
  return {
    guestImage: { name: boot.guestImage, digest: imageDigest },
    ...(bootId === undefined ? {} : { bootId }),
  };
}

function phaseOf({ outcome, goal, previous }: StatusInput): NonNullable<UserVmStatus['phase']> {
  if (goal === 'delete') return 'Deleting';
  const isSuspending = 'reason' in outcome && outcome.reason === USER_VM_REASONS.Suspending;
  switch (outcome.state) {
    case 'waiting':
    case 'exited':
    case 'ended':
      if (goal === 'run') return 'Provisioning';
      return isSuspending ? 'Suspending' : 'Stopping';
    case 'failed':
    case 'stalled':
      return 'Failed';
    case 'booting':
    case 'booted':
      return 'Booting';
    case 'paused':
      return 'Paused';
    case 'resuming':
      return 'Resuming';
    case 'running':
    case 'unmet':
      return 'Running';
    case 'standby':
      return 'Standby';
    case 'stopping':
      return isSuspending ? 'Suspending' : 'Stopping';
    case 'stopped':
      return 'Stopped';
    default:
      return previous.phase ?? 'Provisioning';
  }
}

function stalledWordOf({ outcome }: StatusInput): Word | undefined {
  return outcome.state === 'stalled' ? ['True', outcome.reason, outcome.message] : undefined;
}

function isStalledFor({ previous, generation }: StatusInput): boolean {
  const isStalled = previous.conditions?.some(
    ({ type, status }) => type === USER_VM_CONDITIONS.Stalled && status === 'True',
  );
  return isStalled === true && previous.observedGeneration === generation;
}

function wordsOf({ outcome, exitMessage }: StatusInput): Words {
  const no = (reason: string, message: string): Word => ['False', reason, message];
  const none = (reason: string, message: string): Words => {
    const word = no(reason, message);
    return { provisioned: word, booted: word, ready: word };
  };
  switch (outcome.state) {
    case 'waiting':
    case 'failed':
    case 'stalled':
    case 'ended':
      return none(outcome.reason, outcome.message);
    case 'exited':
      return none(USER_VM_REASONS.VmmExited, exitMessage);
    case 'standby':
      return none(USER_VM_REASONS.Standby, outcome.message);
    case 'stopped':
      return none(USER_VM_REASONS.Stopped, outcome.message);
    case 'deleted':
      return none(USER_VM_REASONS.Stopped, 'the VM is gone');
    case 'paused': {
      const ready = no(USER_VM_REASONS.Paused, 'spec.powerState is Paused: the VM stands still, memory kept');
      return { provisioned: PROVISIONED, booted: BOOTED, ready };
    }
    case 'resuming':
      return { ready: no(USER_VM_REASONS.Resuming, 'the VM goes on; waiting for its guest') };
    case 'booting': {
      const word = no(USER_VM_REASONS.Booting, 'the guest boots');
      return { provisioned: PROVISIONED, booted: word, ready: word };
    }
    case 'booted':
      return {
        provisioned: PROVISIONED,
        booted: BOOTED,
        ready: no(USER_VM_REASONS.Booted, "waiting for the guest's ingress"),
      };
    case 'running':
      return { provisioned: PROVISIONED, booted: BOOTED, ready: READY };
    case 'unmet':
      return { provisioned: no(outcome.reason, outcome.message), booted: BOOTED, ready: READY };
    case 'stopping':
      return { ready: no(outcome.reason, outcome.message) };
    default:
      return {};
  }
}

function conditionsOf(input: StatusInput): NonNullable<UserVmStatus['conditions']> {
  const words = wordsOf(input);
  const entries = [
    [USER_VM_CONDITIONS.Provisioned, words.provisioned],
    [USER_VM_CONDITIONS.Booted, words.booted],
    [USER_VM_CONDITIONS.Ready, words.ready],
    [USER_VM_CONDITIONS.Stalled, stalledWordOf(input)],
  ] as const;
  let conditions = (input.previous.conditions ?? []).filter(
    ({ type }) => type !== USER_VM_CONDITIONS.Stalled || input.outcome.state === 'stalled',
  );
  for (const [type, word] of entries) {
    if (word === undefined) continue;
    const [status, reason, message] = word;
    const generation = input.generation === undefined ? {} : { observedGeneration: input.generation };
    conditions = setCondition(conditions, { type, status, reason, message, ...generation }, input.clock);
  }
  return conditions;
}
