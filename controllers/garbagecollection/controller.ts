import { formatKey } from '../../api/client/index.ts';
import type { ManagerContext } from '../manager-context.ts';
import { type Source, startController } from '../runtime/index.ts';
import { OwnershipGraph } from './graph.ts';
import { KindCatalog } from './kind-catalog.ts';
import { KindsReconciler } from './kinds-reconciler.ts';
import { MetadataClient } from './metadata-client.ts';
import type { GarbageCollectionMetrics } from './metrics.ts';
import { MisplacedOwnerEvents } from './misplaced-owner-events.ts';
import { KindMonitors } from './monitors.ts';
import { OwnerLookup } from './owner-lookup.ts';
import { GarbageCollectionReconciler } from './reconcile.ts';
import { VerifyOwnerReconciler } from './verify-owner.ts';

/** Another API server may come to serve a new definition a moment after this one. */
const LOOK_AGAIN_MS = 2_000;

const SETTLE_MS = 200;

/** As whom it acts, as upstream's: audit log and rights tell it from the rest of the manager. */
export const GARBAGE_COLLECTOR_USER = 'system:serviceaccount:kube-system:generic-garbage-collector';

export interface GarbageCollectionOptions
  extends Pick<ManagerContext, 'client' | 'clock' | 'logger' | 'metrics'> {
  readonly garbageCollectionMetrics: GarbageCollectionMetrics;
}

export interface GarbageCollection {
  /** @throws Error before the first look at what is served */
  checkSynced(): void;
  /** Lets what is under way end, then the watches. */
  stop(): Promise<void>;
}

/** Starts the collector over every kind that the API server serves, now and later. Only the leader may. */
export function startGarbageCollection(options: GarbageCollectionOptions): GarbageCollection {
  const { client, clock, logger, metrics, garbageCollectionMetrics } = options;
  const metadata = new MetadataClient(client);
  const catalog = new KindCatalog();
  const owners = new OwnerLookup(catalog, metadata);
  const looked = Promise.withResolvers<void>();
  let hasLooked = false;
  const graph = new OwnershipGraph(
    {
      object: ({ uid }) => objects.enqueue(formatKey({ name: uid })),
      virtualOwner: ({ uid }) => virtualOwners.enqueue(formatKey({ name: uid })),
      ownerGone: (claim) => owners.noteGone(claim),
    },
    () => clock.monotonicMs(),
  );
  const onDefinition = () => {
    kinds.enqueue('kinds');
    kinds.enqueueAfter('kinds', LOOK_AGAIN_MS);
  };
  const monitors = new KindMonitors({ client: metadata, graph, clock, logger, onDefinition });
  /** Nothing is decided upon before the graph is as whole as it can be. */
  const wholeGraph: Source = {
    whenSynced: async (signal) => {
      await Promise.race([looked.promise, aborted(signal)]);
      await monitors.whenListed(signal);
    },
    connect: () => () => {},
  };
  const common = { clock, logger, metrics };
  const objects = startController({
    ...common,
    name: 'garbagecollection',
    workers: 16,
    baseDelayMs: 50,
    sources: [wholeGraph],
    reconciler: new GarbageCollectionReconciler({
      graph,
      client: metadata,
      owners,
      events: new MisplacedOwnerEvents({ client, graph, clock, logger }),
      clock,
      isStillListing: () => monitors.isStillListing(),
      settleMs: SETTLE_MS,
    }),
  });
  const virtualOwners = startController({
    ...common,
    name: 'garbagecollection-owners',
    workers: 4,
    baseDelayMs: 50,
    sources: [wholeGraph],
    reconciler: new VerifyOwnerReconciler({
      graph,
      owners,
      enqueue: ({ uid }) => objects.enqueue(formatKey({ name: uid })),
    }),
  });
  const kinds = startController({
    ...common,
    name: 'garbagecollection-kinds',
    workers: 1,
    baseDelayMs: 100,
    sources: [],
    reconciler: new KindsReconciler({
      client,
      catalog,
      monitors,
      logger,
      onLooked: (isChanged) => {
        hasLooked = true;
        looked.resolve();
        if (isChanged) graph.recheckVirtualOwners();
      },
    }),
  });
  kinds.enqueue('kinds');
  garbageCollectionMetrics.facts = () => ({
    observed: graph.size - graph.virtualCount,
    virtual: graph.virtualCount,
    unreadable: monitors.unreadable().keys(),
  });
  return {
    checkSynced: () => {
      if (!hasLooked) throw new Error('the garbage collector does not know yet what is served');
    },
    stop: async () => {
      await Promise.all([kinds, objects, virtualOwners].map((controller) => controller.stop()));
      await monitors.stop();
      garbageCollectionMetrics.facts = undefined;
    },
  };
}

/** Rejects with the signal's reason. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
