import type { Informer } from '../../api/client/index.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import type { ManagerContext } from '../manager-context.ts';
import { startController } from '../runtime/index.ts';
import { OwnershipGraph } from './graph.ts';
import { GarbageCollectionReconciler } from './reconcile.ts';

/** @param informers of every kind that may own or be owned, each with `ownerIndexers` */
export function startGarbageCollection(
  context: ManagerContext,
  informers: readonly Informer<ApiObject>[],
): { stop(): Promise<void> } {
  const { client, clock, logger, metrics } = context;
  const graph = new OwnershipGraph(informers);
  const controllers = informers.map(({ definition, lister }) =>
    startController({
      name: `garbagecollection-${definition.plural}`,
      clock,
      logger,
      metrics,
      reconciler: new GarbageCollectionReconciler({
        definition,
        objects: lister,
        client,
        dependentsOf: (uid) => graph.dependentsOf(uid),
        definitionOf: (reference) => graph.definitionOf(reference),
      }),
      sources: [graph.sourceFor(definition)],
    }),
  );
  const leave = graph.follow();
  return {
    stop: async () => {
      leave();
      await Promise.all(controllers.map((controller) => controller.stop()));
    },
  };
}
