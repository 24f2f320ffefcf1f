import type { VolumeSnapshotReason } from '../../crds/volumesnapshot/conditions.ts';

/** Why a snapshot could not be taken. `reason` is that of its condition and its event. */
export class SnapshotError extends Error {
  readonly reason: VolumeSnapshotReason;

  constructor(reason: VolumeSnapshotReason, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'SnapshotError';
    this.reason = reason;
  }
}
