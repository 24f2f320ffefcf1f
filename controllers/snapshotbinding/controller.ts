import { type Change, type Informer, keyOf } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import { type VolumeSnapshot, volumeSnapshotDefinition } from '../../crds/volumesnapshot/definition.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
import type { ManagerContext } from '../manager-context.ts';
import { type Controller, informerSource, startController } from '../runtime/index.ts';
import { planSnapshotBinding } from './plan.ts';
import { statusOfSnapshotBinding } from './status.ts';

/** Index of VolumeSnapshots by the key of their UserVM. */
const BY_VM = 'vm';

/** Declare on the VolumeSnapshot informer that is given to `startSnapshotBindingController`. */
export const snapshotIndexers = {
  [BY_VM]: ({ metadata, spec }: Stored<VolumeSnapshot>) => [
    `${metadata.namespace}/${spec.source.userVMName}`,
  ],
};

/** Binds new snapshots to nodes. `README.md` has the steps. */
export function startSnapshotBindingController(
  { clock, logger, metrics, committer }: ManagerContext,
  vms: Informer<UserVm>,
  snapshots: Informer<VolumeSnapshot>,
): Controller {
  return startController({
    name: 'snapshotbinding',
    clock,
    logger,
    metrics,
    reconciler: {
      async reconcile({ namespace, name }, { signal }) {
        const snapshot = snapshots.lister.get(namespace, name);
        if (snapshot === undefined) return {};
        const plan = planSnapshotBinding(
          snapshot,
          vms.lister.get(namespace, snapshot.spec.source.userVMName),
        );
        if (plan.action === 'none') return {};
        const { status, events } = statusOfSnapshotBinding(snapshot, plan, clock);
        await committer.commit(volumeSnapshotDefinition, snapshot, status, events, signal);
        return {};
      },
    },
    traceparentOf: ({ namespace, name }) =>
      snapshots.lister.get(namespace, name)?.metadata.annotations?.[TRACEPARENT_ANNOTATION],
    sources: [
      informerSource(snapshots, { predicate: isUnbound }),
      informerSource(vms, {
        predicate: changesHome,
        keys: (vm) => snapshots.lister.byIndex(BY_VM, keyOf(vm)).map(keyOf),
      }),
    ],
  });
}

function isUnbound({ new: current }: Change<VolumeSnapshot>): boolean {
  return current !== undefined && current.status?.nodeName === undefined;
}

/** The VM came, went or was placed. */
function changesHome({ old, new: current }: Change<UserVm>): boolean {
  return old === undefined || current === undefined || old.status?.nodeName !== current.status?.nodeName;
}
