import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import { shortIdOf } from '../host/vm-identity.ts';
import type { LiveVms } from './plan.ts';

/** Which VMs may have something running on this node: those bound to it, and no other. */
export function liveVmsOf(vms: readonly Stored<UserVm>[], nodeName: string): LiveVms {
  const here = vms.filter((vm) => vm.status?.nodeName === nodeName);
  return {
    shortIds: new Set(here.map((vm) => shortIdOf(vm.metadata.uid))),
    uids: new Set(here.map((vm) => vm.metadata.uid)),
  };
}
