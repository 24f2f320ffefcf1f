import type { Stored } from '../../crds/meta/meta.ts';
import { USER_VM_CONDITIONS } from '../../crds/uservm/conditions.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import { findCondition } from '../runtime/index.ts';

/** What a UserVM's object says about whether its guest may be called. */
export type VmState =
  /** Not bound to this node, or gone: another's business. The manager says so where it is nobody's. */
  | { readonly kind: 'elsewhere' }
  /** `mayRun`: its containers may be running all the same, e.g. while the guest does not answer. */
  | { readonly kind: 'not-ready'; readonly mayRun: boolean; readonly vmId: string; readonly message: string }
  | { readonly kind: 'ready'; readonly uid: string; readonly vmId: string; readonly user: string };

/** @param vm undefined: none is bound to this node under that name */
export function classifyVm(vm: Stored<UserVm> | undefined, nodeName: string): VmState {
  if (vm?.status?.nodeName !== nodeName) return { kind: 'elsewhere' };
  const { status, spec, metadata } = vm;
  const vmId = status.vmId ?? `vm-${metadata.uid.replaceAll('-', '').slice(0, 12)}`;
  const notReady = (message: string, mayRun = false): VmState => ({
    kind: 'not-ready',
    mayRun,
    vmId,
    message,
  });
  if (metadata.deletionTimestamp !== undefined) return notReady('is being deleted');
  if (spec.powerState !== 'Running') return notReady(`is to be ${spec.powerState} (spec.powerState)`);
  const ready = findCondition(status.conditions, USER_VM_CONDITIONS.Ready);
  if (ready?.status !== 'True')
    return notReady(`is not ready: ${ready?.reason ?? 'no condition yet'}`, status.phase === 'Running');
  return { kind: 'ready', uid: metadata.uid, vmId, user: spec.user };
}
