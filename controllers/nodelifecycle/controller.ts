import type { Informer } from '../../api/client/index.ts';
import { type Lease, leaseDefinition } from '../../crds/lease/definition.ts';
import { NODE_LEASE_NAMESPACE, type Node, nodeDefinition } from '../../crds/node/definition.ts';
import type { ManagerContext } from '../manager-context.ts';
import { type Controller, informerSource, startController } from '../runtime/index.ts';
import { NodeLifecycleReconciler } from './reconcile.ts';

export function startNodeLifecycleController(
  context: ManagerContext,
  nodes: Informer<Node>,
  leases: Informer<Lease>,
): Controller {
  const { client, clock, logger, metrics, committer } = context;
  return startController({
    name: 'nodelifecycle',
    clock,
    logger,
    metrics,
    reconciler: new NodeLifecycleReconciler({
      nodes: nodes.lister,
      leases: leases.lister,
      clock,
      getLease: (name, signal) =>
        client.get<Lease>(
          leaseDefinition,
          { namespace: NODE_LEASE_NAMESPACE, name },
          { signal, timeoutMs: 5_000 },
        ),
      commit: (node, status, events, signal) =>
        committer.commit(nodeDefinition, node, status, events, signal),
    }),
    sources: [
      informerSource(nodes),
      informerSource(leases, {
        keys: ({ metadata }) => (metadata.namespace === NODE_LEASE_NAMESPACE ? [metadata.name] : []),
      }),
    ],
  });
}
