import type { Change, Informer } from '../../api/client/index.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { isJob, jobOutcomeOf } from '../../crds/sandboxcontainer/job.ts';
import type { ManagerContext } from '../manager-context.ts';
import { type Controller, informerSource, startController } from '../runtime/index.ts';
import { JobRetentionReconciler } from './reconcile.ts';

/** Deletes finished jobs when their time is over. */
export function startJobRetentionController(
  context: ManagerContext,
  containers: Informer<SandboxContainer>,
): Controller {
  const { client, clock, logger, metrics } = context;
  return startController({
    name: 'jobretention',
    clock,
    logger,
    metrics,
    reconciler: new JobRetentionReconciler({ client, clock, containers: containers.lister }),
    fieldsOf: ({ name }) => ({ container_name: name }),
    sources: [informerSource(containers, { predicate: isFinishedJob })],
  });
}

function isFinishedJob({ new: current }: Change<SandboxContainer>): boolean {
  return current !== undefined && isJob(current) && jobOutcomeOf(current) !== undefined;
}
