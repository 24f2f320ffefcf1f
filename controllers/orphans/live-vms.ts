import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import { shortIdOf } from '../host/vm-identity.ts';
import type { LiveVms } from './plan.ts';

/** Which VMs may have something on this node: those bound to it. One that was bound elsewhere may not. */
export function liveVmsOf(vms: readonly Stored<UserVm>[], nodeName: string): LiveVms {
  const isHere = (vm: Stored<UserVm>) => vm.status?.nodeName === nodeName;
  return {
    shortIds: new Set(vms.filter(isHere).map((vm) => shortIdOf(vm.metadata.uid))),
    uids: new Set(vms.map((vm) => vm.metadata.uid)),
  };
}
