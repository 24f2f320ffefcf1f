import { type ApiClient, isForbidden, isNotFound } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { SANDBOX_CONTAINER_REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { WaitingError } from '../runtime/index.ts';

/** See `OrphanDependencies.lookUp`. */
export type LookUpContainer = (
  vm: Stored<UserVm>,
  container: { readonly uid: string; readonly name: string },
  signal: AbortSignal,
) => Promise<string | undefined>;

/** Asks the API server. */
export function createLookUp(client: Pick<ApiClient, 'get'>, nodeName: string): LookUpContainer {
  return async (vm, { uid, name }, signal) => {
    const { namespace } = vm.metadata;
    try {
      const key = { namespace, name };
      const object = await client.get<SandboxContainer>(sandboxContainerDefinition, key, { signal });
      return object.metadata.uid === uid ? object.spec.role : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isForbidden(error)) throw error;
    }
    // A node is told the same of what is not there and of what is another's. While this very VM is still bound
    // here, whatever is in its guest cannot be another's.
    const key = { namespace, name: vm.metadata.name };
    const current = await client.get<UserVm>(userVmDefinition, key, { signal });
    if (current.metadata.uid === vm.metadata.uid && current.status?.nodeName === nodeName) return undefined;
    throw new WaitingError(`UserVM ${vm.metadata.name} is not bound to ${nodeName} any more`, {
      reason: SANDBOX_CONTAINER_REASONS.UserVmNotReady,
    });
  };
}
