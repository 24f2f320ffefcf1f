import type { Informer, Lister } from '../../api/client/index.ts';
import {
  type GuestImage,
  type GuestImageStatus,
  guestImageDefinition,
} from '../../crds/guestimage/definition.ts';
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
      deps.onChecked(name);
      const { nodeName, clock } = deps;
      const next: GuestImageStatus = statusOf({ image, nodeName, state, clock });
      await deps.committer.commit(guestImageDefinition, image, next, eventsOf(image.status, next), signal);
      return { requeueAfterMs: deps.recheckMs };
    },
  };
}

export interface ArtifactsControllerOptions extends Omit<ArtifactsDeps, 'images' | 'recheckMs'> {
  readonly informer: Informer<GuestImage>;
  readonly metrics: ControllerMetrics;
  readonly logger: Logger;
}

/** Starts the controller. */
export function startArtifactsController(options: ArtifactsControllerOptions): Controller {
  const { informer, metrics, logger, clock } = options;
  const reconciler = createArtifactsReconciler({ ...options, images: informer.lister, recheckMs: 30_000 });
  return startController({
    name: 'artifacts',
    reconciler,
    sources: [informerSource(informer)],
    // Checking reads hundreds of megabytes: one at a time leaves a CPU to the VMs.
    workers: 1,
    clock,
    logger,
    metrics,
  });
}
