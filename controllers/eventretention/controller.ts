import type { ManagerContext } from '../manager-context.ts';
import { type Controller, startController } from '../runtime/index.ts';
import { type EventRetentionDependencies, EventRetentionReconciler } from './reconcile.ts';

/**
 * Sweeps at the start and then each minute.
 * @param relayedRevision Events up to it were relayed; Infinity where nothing is relayed
 */
export function startEventRetentionController(
  context: ManagerContext,
  relayedRevision: EventRetentionDependencies['relayedRevision'],
): Controller {
  const { client, clock, logger, metrics } = context;
  const controller = startController({
    name: 'eventretention',
    clock,
    logger,
    metrics,
    workers: 1,
    reconciler: new EventRetentionReconciler({ client, clock, logger, relayedRevision }),
    sources: [],
  });
  controller.enqueue('sweep');
  return controller;
}
