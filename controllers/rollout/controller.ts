import type { Change, Informer } from '../../api/client/index.ts';
import { type GuestImage, guestImageDefinition } from '../../crds/guestimage/definition.ts';
import type { Condition, Stored } from '../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
import { CONTAINERS_BY_VM } from '../containerbinding/controller.ts';
import type { ManagerContext } from '../manager-context.ts';
import { type Controller, findCondition, informerSource, startController } from '../runtime/index.ts';
import { RolloutReconciler } from './reconcile.ts';
import { isAtRest } from './vm-view.ts';

/** Index of UserVMs by the GuestImage that their spec names. */
const BY_IMAGE = 'guestImage';

/** Declare on the UserVM informer that is given to `startRolloutController`. */
export const rolloutIndexers = { [BY_IMAGE]: ({ spec }: Stored<UserVm>) => [spec.guestImage] };

export interface RolloutInformers {
  readonly images: Informer<GuestImage>;
  readonly vms: Informer<UserVm>;
  readonly containers: Informer<SandboxContainer>;
}

/** Starts the controller that leads the VMs of each GuestImage to the artifact of its spec. */
export function startRolloutController(context: ManagerContext, informers: RolloutInformers): Controller {
  const { client, clock, logger, metrics, committer } = context;
  const { images, vms, containers } = informers;
  // GuestImages have no namespace: their keys are their names.
  const imageKeyOf = ({ spec }: Stored<UserVm>) => [spec.guestImage];
  return startController({
    name: 'rollout',
    clock,
    logger,
    metrics,
    reconciler: new RolloutReconciler({
      images: images.lister,
      vmsOf: (name) => vms.lister.byIndex(BY_IMAGE, name),
      containersOf: (vmKey) => containers.lister.byIndex(CONTAINERS_BY_VM, vmKey),
      getImage: (name, signal) => client.get<GuestImage>(guestImageDefinition, { name }, { signal }),
      listVms: async (signal) => (await client.listAll<UserVm>(userVmDefinition, { signal })).items,
      commitImage: (image, status, events, signal) =>
        committer.commit(guestImageDefinition, image, status, events, signal),
      commitVm: (vm, status, events, signal) =>
        committer.commit(userVmDefinition, vm, status, events, signal),
      clock,
    }),
    traceparentOf: ({ name }) => images.lister.get('', name)?.metadata.annotations?.[TRACEPARENT_ANNOTATION],
    sources: [
      informerSource(images),
      informerSource(vms, { predicate: concernsRollout, keys: imageKeyOf }),
      informerSource(containers, {
        predicate: ({ old, new: current }) =>
          (current ?? old)?.spec.role === 'live' &&
          readyOf(old?.status?.conditions) !== readyOf(current?.status?.conditions),
        keys: ({ metadata, spec }) => {
          const vm = vms.lister.get(metadata.namespace ?? '', spec.vmRef.name);
          return vm === undefined ? [] : imageKeyOf(vm);
        },
      }),
    ],
  });
}

/** What a rollout looks at; most of what a node writes is no news here. */
function concernsRollout({ old, new: current }: Change<UserVm>): boolean {
  if (old === undefined || current === undefined) return true;
  return JSON.stringify(factsOf(old)) !== JSON.stringify(factsOf(current));
}

function factsOf(vm: Stored<UserVm>): unknown[] {
  const { metadata, spec, status = {} } = vm;
  return [
    ...[metadata.deletionTimestamp, metadata.labels, spec.powerState, spec.guestImage, isAtRest(vm)],
    ...[status.nodeName, status.guestImage, status.desiredImage, readyOf(status.conditions)],
  ].map((fact) => fact ?? null);
}

function readyOf(conditions: readonly Condition[] | undefined): string {
  const ready = findCondition(conditions, 'Ready');
  return ready === undefined ? '' : `${ready.status} ${ready.lastTransitionTime}`;
}
