import { join } from 'node:path';
import { type SandboxContainer, sandboxContainerDefinition } from '../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../crds/uservm/definition.ts';
import type { VsockAddress } from '../lib/http-over-vsock.ts';
import { type CliContext, type GlobalOptions, namespaceOf, vmRunDir, withClient } from './context.ts';
import { CliError } from './errors.ts';

/** The vsock port on which a guest serves podman's API. */
const PODMAN_VSOCK_PORT = 1024;

/** A container that runs on this host, and how to reach its guest's container runtime. */
export interface GuestContainer {
  readonly address: VsockAddress;
  readonly name: string;
}

/**
 * Finds the container's VM on this host.
 * @throws ApiError when there is no such container; CliError naming why it can't be reached
 */
export async function findGuestContainer(
  name: string,
  flags: GlobalOptions,
  context: CliContext,
): Promise<GuestContainer> {
  const namespace = namespaceOf(flags);
  return withClient(flags, context, async (client) => {
    const { signal } = context;
    const container = await client.get<SandboxContainer>(
      sandboxContainerDefinition,
      { namespace, name },
      { signal },
    );
    const vmName = container.spec.vmRef.name;
    const vm = await client.get<UserVm>(userVmDefinition, { namespace, name: vmName }, { signal });
    if (vm.status?.vmmPid === undefined) {
      throw new CliError(
        `sandboxcontainer/${name}: its VM ${vmName} is ${vm.status?.phase ?? 'Pending'}, not running`,
      );
    }
    if (container.status?.containerId === undefined) {
      throw new CliError(
        `sandboxcontainer/${name}: not started yet (${container.status?.phase ?? 'Pending'})`,
      );
    }
    return {
      address: { socketPath: join(vmRunDir(vm.metadata.uid, context), 'v.sock'), port: PODMAN_VSOCK_PORT },
      name,
    };
  });
}
