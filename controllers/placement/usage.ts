import type { Stored } from '../../crds/meta/meta.ts';
import type { Node } from '../../crds/node/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import type { NodeCandidate, PlacementDemand } from './plan.ts';

/** What a VM asks of a node. */
export function demandOf(vm: UserVm): PlacementDemand {
  return {
    memoryBytes: parseQuantity(vm.spec.memory),
    cpus: vm.spec.cpus,
    pinnedNodeName: vm.spec.placement?.nodeName,
  };
}

/**
 * The nodes with the sums of what is bound to them.
 * @param nodeNameOf the node that a VM is bound to, undefined for none
 */
export function candidatesOf(
  nodes: readonly Stored<Node>[],
  vms: readonly Stored<UserVm>[],
  nodeNameOf: (vm: Stored<UserVm>) => string | undefined,
): NodeCandidate[] {
  const used = new Map<string, { memoryBytes: number; cpus: number }>();
  for (const vm of vms) {
    const nodeName = nodeNameOf(vm);
    if (nodeName === undefined) continue;
    const sum = used.get(nodeName) ?? { memoryBytes: 0, cpus: 0 };
    const demand = demandOf(vm);
    used.set(nodeName, { memoryBytes: sum.memoryBytes + demand.memoryBytes, cpus: sum.cpus + demand.cpus });
  }
  return nodes.map((node) => ({
    name: node.metadata.name,
    unavailableBecause: unavailableBecause(node),
    allocatableMemoryBytes: allocatable(node, 'memory'),
    allocatableCpus: allocatable(node, 'cpu'),
    usedMemoryBytes: used.get(node.metadata.name)?.memoryBytes ?? 0,
    usedCpus: used.get(node.metadata.name)?.cpus ?? 0,
  }));
}

/** Why a node takes no VM, for people. */
export function unavailableBecause(node: Node): string | undefined {
  if (node.metadata.deletionTimestamp !== undefined) return 'is being deleted';
  if (node.spec?.unschedulable === true) return 'is cordoned (spec.unschedulable)';
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return `is not Ready (${ready?.reason ?? 'it has not reported yet'})`;
}

/** What a node can give; 0 where it does not say, so that nothing is placed on a guess. */
function allocatable(node: Node, resource: 'memory' | 'cpu'): number {
  const quantity = node.status?.allocatable?.[resource];
  if (quantity === undefined) return 0;
  try {
    return parseQuantity(String(quantity));
  } catch {
    return 0;
  }
}

/** Whether a node's change may let a waiting VM be placed; heartbeats do not. */
export function changesPlacement(old: Node | undefined, current: Node | undefined): boolean {
  if (old === undefined || current === undefined) return true;
  return (
    unavailableBecause(old) !== unavailableBecause(current) ||
    allocatable(old, 'memory') !== allocatable(current, 'memory') ||
    allocatable(old, 'cpu') !== allocatable(current, 'cpu')
  );
}
