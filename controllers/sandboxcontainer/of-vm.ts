import { formatKey, type IndexFunction, type Lister } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';

const BY_VM = 'vm';

/** The indices that an informer of SandboxContainers must have for this controller. */
export const SANDBOX_CONTAINER_INDEXERS: Readonly<Record<string, IndexFunction<SandboxContainer>>> = {
  [BY_VM]: ({ metadata, spec }) => [formatKey({ namespace: metadata.namespace, name: spec.vmRef.name })],
};

/** All that are declared for a VM, without a look at those of others. */
export function containersOf(
  containers: Pick<Lister<SandboxContainer>, 'byIndex'>,
  vm: { readonly namespace: string | undefined; readonly name: string },
): Stored<SandboxContainer>[] {
  return containers.byIndex(BY_VM, formatKey({ namespace: vm.namespace, name: vm.name }));
}
