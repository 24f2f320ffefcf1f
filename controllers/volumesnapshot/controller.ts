import type { Change, Informer } from '../../api/client/index.ts';
import type { VolumeSnapshot } from '../../crds/volumesnapshot/definition.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
import { shortIdOf, vmPathsOf } from '../host/vm-identity.ts';
import {
  type Controller,
  type ControllerMetrics,
  informerSource,
  startController,
} from '../runtime/index.ts';
import { hostVolumeFiles } from '../volumes/volume-files.ts';
import { volumePaths } from '../volumes/volume-paths.ts';
import { freezeGuest } from './guest-freeze.ts';
import { SnapshotReconciler, type SnapshotReconcilerDeps } from './reconcile.ts';

export interface SnapshotControllerOptions
  extends Omit<SnapshotReconcilerDeps, 'snapshots' | 'files' | 'paths' | 'freeze'> {
  /** Started elsewhere. */
  readonly informer: Informer<VolumeSnapshot>;
  readonly volumesDirectory: string;
  readonly vmsDirectory: string;
  readonly mode: 'kvm' | 'emulated';
  readonly metrics: ControllerMetrics;
}

/** Bounds of an answer of the guest: a freeze first writes out what is dirty. */
const FREEZE_TIMEOUT_MS = { kvm: 10_000, emulated: 20_000 } as const;

/** Starts the controller of this node's snapshots. */
export function startSnapshotController(options: SnapshotControllerOptions): Controller {
  const { informer, volumesDirectory, vmsDirectory, mode, clock, logger, metrics } = options;
  const timeoutMs = FREEZE_TIMEOUT_MS[mode];
  return startController({
    name: 'volumesnapshot',
    reconciler: new SnapshotReconciler({
      ...options,
      snapshots: informer.lister,
      files: hostVolumeFiles,
      paths: volumePaths(volumesDirectory),
      freeze: (uid, seconds) =>
        freezeGuest(vmPathsOf(vmsDirectory, shortIdOf(uid)).vsock, { seconds, timeoutMs }),
      logger: logger.child({ controller: 'volumesnapshot' }),
    }),
    sources: [informerSource(informer, { predicate: concernsNode })],
    // A copy keeps a disk busy; a second one lets a small volume pass a large one.
    workers: 2,
    clock,
    logger,
    metrics,
    traceparentOf: ({ namespace, name }) =>
      informer.lister.get(namespace, name)?.metadata.annotations?.[TRACEPARENT_ANNOTATION],
  });
}

/** This controller's own status writes are no news to it. */
function concernsNode({ old, new: current }: Change<VolumeSnapshot>): boolean {
  if (old === undefined || current === undefined) return true;
  return (
    old.metadata.uid !== current.metadata.uid ||
    old.metadata.deletionTimestamp !== current.metadata.deletionTimestamp ||
    old.status?.nodeName !== current.status?.nodeName
  );
}
