import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import {
  VOLUME_SNAPSHOT_REASONS as REASONS,
  VOLUME_SNAPSHOT_CONDITIONS,
} from '../../crds/volumesnapshot/conditions.ts';
import type { VolumeSnapshot, VolumeSnapshotStatus } from '../../crds/volumesnapshot/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { ExactQuantity } from '../../lib/exact-quantity.ts';
import { findCondition, formatTime, setCondition } from '../runtime/index.ts';
import type { SnapshotRecord } from './snapshot-record.ts';

/** How it stands with a snapshot on its node. */
export type SnapshotOutcome =
  | { readonly state: 'taken'; readonly record: SnapshotRecord }
  | { readonly state: 'copying'; readonly copiedBytes: number; readonly totalBytes: number }
  | { readonly state: 'failed'; readonly reason: string; readonly message: string };

/** The status that tells the outcome, and its event. An unchanged reason adds no event. */
export function statusOfSnapshot(
  { status = {}, metadata }: VolumeSnapshot,
  outcome: SnapshotOutcome,
  clock: Pick<Clock, 'nowMs'>,
): { status: VolumeSnapshotStatus; events: LifecycleEvent[] } {
  const { progress: _, ...kept } = status;
  const observed = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
  const word = wordOf(outcome);
  const known = findCondition(status.conditions, VOLUME_SNAPSHOT_CONDITIONS.Ready);
  const type = outcome.state === 'failed' ? 'Warning' : 'Normal';
  return {
    status: {
      ...kept,
      ...observed,
      readyToUse: outcome.state === 'taken',
      ...factsOf(outcome),
      conditions: setCondition(
        status.conditions,
        { type: VOLUME_SNAPSHOT_CONDITIONS.Ready, ...word, ...observed },
        clock,
      ),
    },
    events:
      known?.reason === word.reason || outcome.state === 'copying'
        ? []
        : [{ type, reason: word.reason, message: word.message }],
  };
}

function factsOf(outcome: SnapshotOutcome): VolumeSnapshotStatus {
  if (outcome.state === 'copying') {
    return { progress: { copiedBytes: outcome.copiedBytes, totalBytes: outcome.totalBytes } };
  }
  if (outcome.state === 'failed') return {};
  const { takenAt, sizeBytes, consistency } = outcome.record;
  return {
    creationTime: formatTime(Date.parse(takenAt)),
    restoreSize: ExactQuantity.parse(`${sizeBytes / 1024}Ki`)?.toString() ?? String(sizeBytes),
    consistency,
  };
}

function wordOf(outcome: SnapshotOutcome) {
  if (outcome.state === 'failed') {
    return { status: 'False', reason: outcome.reason, message: outcome.message } as const;
  }
  if (outcome.state === 'copying') {
    return { status: 'False', reason: REASONS.Copying, message: 'the volume is being copied' } as const;
  }
  const { consistency } = outcome.record;
  const message = `the volume was copied, ${consistency === 'FileSystem' ? 'its file system at rest' : 'as after a power cut'}`;
  return { status: 'True', reason: REASONS.SnapshotTaken, message } as const;
}
