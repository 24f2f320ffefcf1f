import { type Informer, keyOf } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { Node } from '../../crds/node/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
import { vmIdOf } from '../host/vm-identity.ts';
import type { ManagerContext } from '../manager-context.ts';
import { type Controller, informerSource, startController } from '../runtime/index.ts';
import { BY_NODE, PlacementReconciler, unplaced } from './reconcile.ts';
import { changesPlacement } from './usage.ts';

/** Declare on the UserVM informer that is given to `startPlacementController`. */
export const userVmIndexers = { [BY_NODE]: (vm: Stored<UserVm>) => [vm.status?.nodeName ?? ''] };

export function startPlacementController(
  context: ManagerContext,
  vms: Informer<UserVm>,
  nodes: Informer<Node>,
): Controller {
  const { clock, logger, metrics, committer } = context;
  const waitingKeys = () => unplaced(vms.lister).map(keyOf);
  return startController({
    name: 'placement',
    clock,
    logger,
    metrics,
    // One at a time: a choice must know of the one before.
    workers: 1,
    reconciler: new PlacementReconciler({
      vms: vms.lister,
      nodes: nodes.lister,
      clock,
      commit: (vm, status, events, signal) => committer.commit(userVmDefinition, vm, status, events, signal),
    }),
    traceparentOf: ({ namespace, name }) =>
      vms.lister.get(namespace, name)?.metadata.annotations?.[TRACEPARENT_ANNOTATION],
    fieldsOf: ({ namespace, name }): Record<string, string> => {
      const vm = vms.lister.get(namespace, name);
      return vm === undefined ? {} : { vm_id: vmIdOf(vm.metadata.uid) };
    },
    sources: [
      informerSource(vms, {
        predicate: (change) => change.new !== undefined && change.new.status?.nodeName === undefined,
      }),
      informerSource(vms, { predicate: (change) => freesRoom(change.old, change.new), keys: waitingKeys }),
      informerSource(nodes, {
        predicate: (change) => changesPlacement(change.old, change.new),
        keys: waitingKeys,
      }),
    ],
  });
}

/** A bound VM went or asks for other resources: those that wait may fit now. */
function freesRoom(old: UserVm | undefined, current: UserVm | undefined): boolean {
  if (old?.status?.nodeName === undefined) return false;
  return current === undefined || current.metadata.generation !== old.metadata.generation;
}
