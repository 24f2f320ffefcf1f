import type { Informer } from '../../api/client/index.ts';
import { ALL_DEFINITIONS } from '../../crds/index.ts';
import { type Namespace, namespaceDefinition } from '../../crds/namespace/definition.ts';
import type { ManagerContext } from '../manager-context.ts';
import { type Controller, informerSource, startController } from '../runtime/index.ts';
import { NamespaceReconciler } from './reconcile.ts';

export function startNamespaceController(
  context: ManagerContext,
  namespaces: Informer<Namespace>,
): Controller {
  const { client, clock, logger, metrics, committer } = context;
  return startController({
    name: 'namespace',
    clock,
    logger,
    metrics,
    reconciler: new NamespaceReconciler({
      namespaces: namespaces.lister,
      client,
      definitions: ALL_DEFINITIONS,
      clock,
      commit: (namespace, status, signal) =>
        committer.commit(namespaceDefinition, namespace, status, [], signal),
    }),
    sources: [informerSource(namespaces)],
  });
}
