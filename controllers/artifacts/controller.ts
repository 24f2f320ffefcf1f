import type { Informer, Lister } from '../../api/client/index.ts';
import {
  type GuestImage,
  type GuestImageStatus,
  guestImageDefinition,
} from '../../crds/guestimage/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import {
  type Controller,
  type ControllerMetrics,
  informerSource,
  type ReconcileContext,
  type Reconciler,
  type StatusCommitter,
  startController,
} from '../runtime/index.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { eventsOf, statusOf } from './status.ts';

export interface ArtifactsDeps {
  readonly images: Lister<GuestImage>;
  readonly store: ArtifactStore;
  readonly committer: Pick<StatusCommitter, 'commit'>;
  readonly nodeName: string;
  readonly clock: Clock;
  /** The artifacts that rollouts gave VMs of this image here. */
  readonly assigned: (imageName: string) => readonly string[];
  /** Told after each check, so that VMs that wait for the image go on. */
  readonly onChecked: (imageName: string) => void;
  /** Until the files are looked at again. */
  readonly recheckMs: number;
}

/** Checks the artifact of a GuestImage on this node and writes down what it found. */
export function createArtifactsReconciler(deps: ArtifactsDeps): Reconciler {
  return {
    async reconcile({ namespace, name }, { signal }: ReconcileContext) {
      const image = deps.images.get(namespace, name);
      if (image === undefined || image.metadata.deletionTimestamp !== undefined) return {};
      const state = await deps.store.check(image.spec);
      for (const digest of othersOf(image, deps.assigned(name))) await deps.store.checkDigest(digest);
      deps.onChecked(name);
      const { nodeName, clock } = deps;
      const next: GuestImageStatus = statusOf({ image, nodeName, state, clock });
      await deps.committer.commit(guestImageDefinition, image, next, eventsOf(image.status, next), signal);
      return { requeueAfterMs: deps.recheckMs };
    },
  };
}

/** Artifacts that VMs may be booted from though the spec names another. */
function othersOf({ spec, status }: GuestImage, assigned: readonly string[]): Set<string> {
  const { desired, current, forNew, previous } = status?.rollout ?? {};
  const digests = [desired, current, forNew, previous, ...assigned];
  return new Set(
    digests.flatMap((digest) => (digest === undefined || digest === spec.digest ? [] : [digest])),
  );
}

export interface ArtifactsControllerOptions extends Omit<ArtifactsDeps, 'images' | 'recheckMs' | 'assigned'> {
  readonly informer: Informer<GuestImage>;
  /** The VMs of this node. */
  readonly userVms: Informer<UserVm>;
  readonly metrics: ControllerMetrics;
  readonly logger: Logger;
}

/** Starts the controller. */
export function startArtifactsController(options: ArtifactsControllerOptions): Controller {
  const { informer, userVms, metrics, logger, clock } = options;
  const assigned = (imageName: string) =>
    userVms.lister.list().flatMap(({ status }) => {
      const image = status?.desiredImage;
      return image?.name === imageName ? [image.digest] : [];
    });
  const reconciler = createArtifactsReconciler({
    ...options,
    assigned,
    images: informer.lister,
    recheckMs: 30_000,
  });
  return startController({
    name: 'artifacts',
    reconciler,
    sources: [
      informerSource(informer),
      informerSource(userVms, {
        predicate: ({ old, new: current }) =>
          current?.status?.desiredImage?.digest !== old?.status?.desiredImage?.digest,
        keys: ({ status }) => (status?.desiredImage === undefined ? [] : [status.desiredImage.name]),
      }),
    ],
    // Checking reads hundreds of megabytes: one at a time leaves a CPU to the VMs.
    workers: 1,
    clock,
    logger,
    metrics,
  });
}
