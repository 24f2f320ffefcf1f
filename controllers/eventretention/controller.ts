import type { ManagerContext } from '../manager-context.ts';
import { type Controller, startController } from '../runtime/index.ts';
import { EventRetentionReconciler } from './reconcile.ts';

/** Sweeps at the start and then each minute. */
export function startEventRetentionController(context: ManagerContext): Controller {
  const { client, clock, logger, metrics } = context;
  const controller = startController({
    name: 'eventretention',
    clock,
    logger,
    metrics,
    workers: 1,
    reconciler: new EventRetentionReconciler({ client, clock }),
    sources: [],
  });
  controller.enqueue('sweep');
  return controller;
}
