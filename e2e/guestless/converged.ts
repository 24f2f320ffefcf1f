import type { ApiClient } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';

/** Everything that is declared, as it stands. */
export interface Fleet {
  readonly vms: readonly Stored<UserVm>[];
  readonly containers: readonly Stored<SandboxContainer>[];
}

export async function readFleet(client: ApiClient): Promise<Fleet> {
  const [vms, containers] = await Promise.all([
    client.listAll<UserVm>(userVmDefinition),
    client.listAll<SandboxContainer>(sandboxContainerDefinition),
  ]);
  return { vms: vms.items, containers: containers.items };
}

function isObserved(object: Stored<UserVm> | Stored<SandboxContainer>): boolean {
  return object.status?.observedGeneration === object.metadata.generation;
}

/** Why a VM is not as it is declared; undefined where it is. */
function lackOfVm(vm: Stored<UserVm>): string | undefined {
  const { status, spec, metadata } = vm;
  if (metadata.deletionTimestamp !== undefined) return `uservm/${metadata.name} is being deleted`;
  const wanted = spec.powerState === 'Stopped' ? 'Stopped' : 'Running';
  if (status?.phase !== wanted || !isObserved(vm)) {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return `uservm/${metadata.name} is ${status?.phase}, not ${wanted}: ${ready?.reason}: ${ready?.message}`;
  }
  return undefined;
}

function lackOfContainer(
  container: Stored<SandboxContainer>,
  vm: Stored<UserVm> | undefined,
): string | undefined {
  const { status, metadata } = container;
  if (metadata.deletionTimestamp !== undefined) return `sandboxcontainer/${metadata.name} is being deleted`;
  const wanted = vm !== undefined && vm.spec.powerState !== 'Stopped';
  if ((status?.ready === true) !== wanted || !isObserved(container)) {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return `sandboxcontainer/${metadata.name}: ready is ${status?.ready}, not ${wanted}: ${ready?.message}`;
  }
  return undefined;
}

/** What is not as it is declared, a line each. Empty: all has converged. */
export function lacksOf({ vms, containers }: Fleet): string[] {
  const byName = new Map(vms.map((vm) => [vm.metadata.name, vm]));
  const lacks = [
    ...vms.map(lackOfVm),
    ...containers.map((container) => lackOfContainer(container, byName.get(container.spec.vmRef.name))),
  ];
  return lacks.filter((lack) => lack !== undefined);
}
