import { USER_VM_REASONS } from '../../crds/uservm/conditions.ts';

/** A promise of this many virtual cpus for each real one: VMs are idle most of the time. Memory is never promised twice. */
export const CPU_OVERCOMMIT = 8;

/** A node as placement sees it. */
export interface NodeCandidate {
  readonly name: string;
  /** Why no VM may go there, for people; undefined: it may. */
  readonly unavailableBecause: string | undefined;
  readonly allocatableMemoryBytes: number;
  readonly allocatableCpus: number;
  /** Sums over the VMs bound to it. */
  readonly usedMemoryBytes: number;
  readonly usedCpus: number;
}

export interface PlacementDemand {
  readonly memoryBytes: number;
  readonly cpus: number;
  /** spec.placement.nodeName. */
  readonly pinnedNodeName: string | undefined;
}

export type Placement =
  | { readonly placed: true; readonly nodeName: string }
  | {
      readonly placed: false;
      readonly reason: typeof USER_VM_REASONS.NoNodeAvailable | typeof USER_VM_REASONS.InsufficientCapacity;
      readonly message: string;
    };

/** Chooses the least allocated node that has room; among equals the first by name. */
export function planPlacement(demand: PlacementDemand, nodes: readonly NodeCandidate[]): Placement {
  const allowed = nodes.filter(
    (node) => demand.pinnedNodeName === undefined || node.name === demand.pinnedNodeName,
  );
  const available = allowed.filter((node) => node.unavailableBecause === undefined);
  if (available.length === 0) {
    return { placed: false, reason: USER_VM_REASONS.NoNodeAvailable, message: whyNone(demand, allowed) };
  }
  const fitting = available.filter((node) => lacks(demand, node) === undefined);
  let best: NodeCandidate | undefined;
  for (const node of fitting) {
    if (best === undefined || compare(demand, node, best) < 0) best = node;
  }
  if (best !== undefined) return { placed: true, nodeName: best.name };
  const lines = available.map((node) => `${node.name} ${lacks(demand, node)}`);
  return {
    placed: false,
    reason: USER_VM_REASONS.InsufficientCapacity,
    message: `no room: ${lines.join('; ')}. Lower spec.memory or spec.cpus, delete a UserVM, or add a node`,
  };
}

/** Allocated share after placing, averaged over memory and cpu: smaller is better. */
function allocatedShare(demand: PlacementDemand, node: NodeCandidate): number {
  const memory = (node.usedMemoryBytes + demand.memoryBytes) / node.allocatableMemoryBytes;
  const cpu = (node.usedCpus + demand.cpus) / (node.allocatableCpus * CPU_OVERCOMMIT);
  return (memory + cpu) / 2;
}

function compare(demand: PlacementDemand, a: NodeCandidate, b: NodeCandidate): number {
  const difference = allocatedShare(demand, a) - allocatedShare(demand, b);
  if (difference !== 0) return difference;
  return a.name < b.name ? -1 : 1;
}

/** What the node has too little of, for people; undefined when the VM fits. */
function lacks(demand: PlacementDemand, node: NodeCandidate): string | undefined {
  const freeBytes = node.allocatableMemoryBytes - node.usedMemoryBytes;
  if (demand.memoryBytes > freeBytes) {
    return `has ${formatMebibytes(Math.max(freeBytes, 0))} of ${formatMebibytes(node.allocatableMemoryBytes)} memory free, ${formatMebibytes(demand.memoryBytes)} needed`;
  }
  const cpusMax = node.allocatableCpus * CPU_OVERCOMMIT;
  if (node.usedCpus + demand.cpus > cpusMax) {
    return `has ${Math.max(cpusMax - node.usedCpus, 0)} of ${cpusMax} virtual cpus free (${CPU_OVERCOMMIT} for each real one), ${demand.cpus} needed`;
  }
  return undefined;
}

function whyNone(demand: PlacementDemand, allowed: readonly NodeCandidate[]): string {
  if (allowed.length > 0) {
    const lines = allowed.map((node) => `${node.name} ${node.unavailableBecause}`);
    return `no node takes VMs: ${lines.join('; ')}. Start holt-node there, or uncordon the node`;
  }
  if (demand.pinnedNodeName === undefined) return 'there is no Node yet. Start holt-node on a host';
  return `spec.placement.nodeName names ${demand.pinnedNodeName}, which is not a Node. Correct it, or start holt-node there`;
}

/** Rounded down, so that what does not fit never reads as if it did. */
function formatMebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)}Mi`;
}
