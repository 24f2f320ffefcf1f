import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';

/** What is to be done about a container's binding. */
export type BindingPlan =
  | { readonly action: 'none' }
  | { readonly action: 'bind'; readonly nodeName: string; readonly movedFrom: string | undefined }
  /** `isVmThere`: it waits for its place. */
  | { readonly action: 'unbind'; readonly isVmThere: boolean }
  /** It is being deleted, and no node has anything of it. */
  | { readonly action: 'release' };

/** Decides it. Pure. */
export function planBinding(container: SandboxContainer, vm: UserVm | undefined): BindingPlan {
  const nodeName = vm?.status?.nodeName;
  const known = container.status?.nodeName;
  if (nodeName !== undefined) {
    return nodeName === known ? { action: 'none' } : { action: 'bind', nodeName, movedFrom: known };
  }
  if (container.metadata.deletionTimestamp !== undefined) return { action: 'release' };
  return { action: 'unbind', isVmThere: vm !== undefined };
}
