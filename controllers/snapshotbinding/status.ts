import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import {
  VOLUME_SNAPSHOT_REASONS as REASONS,
  VOLUME_SNAPSHOT_CONDITIONS,
} from '../../crds/volumesnapshot/conditions.ts';
import type { VolumeSnapshot, VolumeSnapshotStatus } from '../../crds/volumesnapshot/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { findCondition, setCondition } from '../runtime/index.ts';
import type { SnapshotBinding } from './plan.ts';

/** The status that tells a binding, or why there is none, and its event. An unchanged reason adds no event. */
export function statusOfSnapshotBinding(
  snapshot: VolumeSnapshot,
  binding: Exclude<SnapshotBinding, { action: 'none' }>,
  clock: Pick<Clock, 'nowMs'>,
): { status: VolumeSnapshotStatus; events: LifecycleEvent[] } {
  const { status = {}, metadata } = snapshot;
  const word = wordOf(snapshot, binding);
  const observed = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
  const known = findCondition(status.conditions, VOLUME_SNAPSHOT_CONDITIONS.Bound);
  const type = word.status === 'True' ? 'Normal' : 'Warning';
  return {
    status: {
      ...status,
      ...observed,
      readyToUse: false,
      ...(binding.action === 'bind' ? { nodeName: binding.nodeName, userVMUID: binding.uid } : {}),
      conditions: setCondition(
        status.conditions,
        { type: VOLUME_SNAPSHOT_CONDITIONS.Bound, ...word, ...observed },
        clock,
      ),
    },
    events: known?.reason === word.reason ? [] : [{ type, reason: word.reason, message: word.message }],
  };
}

function wordOf({ spec, metadata }: VolumeSnapshot, binding: Exclude<SnapshotBinding, { action: 'none' }>) {
  const { userVMName } = spec.source;
  if (binding.action === 'bind') {
    const message = `node ${binding.nodeName} has the volume of UserVM ${userVMName}`;
    return { status: 'True', reason: REASONS.Bound, message } as const;
  }
  if (binding.isVmThere) {
    const message = `UserVM ${userVMName} is not placed on a node yet`;
    return { status: 'False', reason: REASONS.UserVmNotReady, message } as const;
  }
  const message = `there is no UserVM ${userVMName} in namespace ${metadata.namespace ?? ''} any more`;
  return { status: 'False', reason: REASONS.UserVmNotFound, message } as const;
}
