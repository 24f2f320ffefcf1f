import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { VolumeSnapshot } from '../../crds/volumesnapshot/definition.ts';

/** What is to be done about a snapshot's binding. */
export type SnapshotBinding =
  | { readonly action: 'none' }
  | { readonly action: 'bind'; readonly nodeName: string; readonly uid: string }
  | { readonly action: 'wait'; readonly isVmThere: boolean };

/** Decides it. Pure. A UserVM that is being deleted is none any more: its volume goes. */
export function planSnapshotBinding(
  snapshot: VolumeSnapshot,
  vm: Stored<UserVm> | undefined,
): SnapshotBinding {
  if (snapshot.status?.nodeName !== undefined || snapshot.metadata.deletionTimestamp !== undefined)
    return { action: 'none' };
  if (vm === undefined || vm.metadata.deletionTimestamp !== undefined) {
    return { action: 'wait', isVmThere: false };
  }
  const nodeName = vm.status?.nodeName;
  if (nodeName === undefined) return { action: 'wait', isVmThere: true };
  return { action: 'bind', nodeName, uid: vm.metadata.uid };
}
