import { type Change, type Informer, keyOf } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { SANDBOX_CONTAINER_FINALIZER } from '../../crds/sandboxcontainer/conditions.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
import type { ManagerContext } from '../manager-context.ts';
import { type Controller, informerSource, removeFinalizer, startController } from '../runtime/index.ts';
import { ContainerBindingReconciler } from './reconcile.ts';

/** Index of SandboxContainers by the key of their UserVM. */
export const CONTAINERS_BY_VM = 'vm';

/** Declare on the SandboxContainer informer that is given to `startContainerBindingController`. */
export const containerIndexers = {
  [CONTAINERS_BY_VM]: ({ metadata, spec }: Stored<SandboxContainer>) => [
    `${metadata.namespace}/${spec.vmRef.name}`,
  ],
};

export function startContainerBindingController(
  context: ManagerContext,
  vms: Informer<UserVm>,
  containers: Informer<SandboxContainer>,
): Controller {
  const { client, clock, logger, metrics, committer } = context;
  return startController({
    name: 'containerbinding',
    clock,
    logger,
    metrics,
    reconciler: new ContainerBindingReconciler({
      containers: containers.lister,
      vms: vms.lister,
      clock,
      getVm: (namespace, name, signal) =>
        client.get<UserVm>(userVmDefinition, { namespace, name }, { signal }),
      commit: (container, { status, events }, signal) =>
        committer.commit(sandboxContainerDefinition, container, status, events, signal),
      release: (container) =>
        removeFinalizer(client, sandboxContainerDefinition, container, SANDBOX_CONTAINER_FINALIZER),
    }),
    traceparentOf: ({ namespace, name }) =>
      containers.lister.get(namespace, name)?.metadata.annotations?.[TRACEPARENT_ANNOTATION],
    fieldsOf: ({ name }) => ({ container_name: name }),
    sources: [
      informerSource(containers, { predicate: concernsBinding }),
      informerSource(vms, {
        predicate: changesHome,
        keys: (vm) => containers.lister.byIndex(CONTAINERS_BY_VM, keyOf(vm)).map(keyOf),
      }),
    ],
  });
}

/** New, bound anew or being deleted: what its node writes of it is no news here. */
function concernsBinding({ old, new: current }: Change<SandboxContainer>): boolean {
  if (current === undefined) return false;
  return (
    old === undefined ||
    old.metadata.uid !== current.metadata.uid ||
    old.metadata.deletionTimestamp !== current.metadata.deletionTimestamp ||
    old.status?.nodeName !== current.status?.nodeName
  );
}

/** The VM came, went or is on another node. */
function changesHome({ old, new: current }: Change<UserVm>): boolean {
  return old === undefined || current === undefined || old.status?.nodeName !== current.status?.nodeName;
}
