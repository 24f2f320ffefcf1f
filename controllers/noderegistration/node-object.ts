import { isDeepStrictEqual } from 'node:util';
import type { Node } from '../../crds/node/definition.ts';
import { type ConfinementSupport, describeConfinement } from '../confinement/host-support.ts';

/** What this host is, as its Node object says. */
export interface HostFacts {
  readonly nodeName: string;
  readonly mode: 'kvm' | 'emulated';
  readonly confinement: ConfinementSupport;
  readonly hostname: string;
  /** Go's word for it, as Kubernetes uses: amd64 or arm64. */
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly vmmVersion: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
  /** Loopback port of logs, exec, attach and port-forward; absent: not served. */
  readonly streamPort?: number;
}

/** Kept from VMs: the host's own processes and each VMM's overhead. */
const RESERVED_MEMORY_BYTES = 512 * 1024 * 1024;

/** Labels that this node sets on itself; others on the object are left alone. */
export function labelsOf(facts: HostFacts): Record<string, string> {
  return {
    'kubernetes.io/hostname': facts.nodeName,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': facts.architecture,
    'holt.dev/vmm-mode': facts.mode,
  };
}

/** The status of the Node; conditions of others are kept, times move only when something turned. */
export function nodeStatusOf(
  facts: HostFacts,
  previous: Node['status'],
  now: string,
): NonNullable<Node['status']> {
  const memory = (bytes: number) => `${Math.floor(bytes / 1024)}Ki`;
  const confinement = describeConfinement(facts.confinement);
  const own = [
    {
      type: 'Ready',
      status: 'True' as const,
      reason: 'HoltNodeReady',
      message: 'holt-node runs and renews its Lease',
    },
    {
      type: 'VmmConfined',
      status: confinement.isWhole ? ('True' as const) : ('False' as const),
      reason: confinement.reason,
      message: confinement.message,
    },
  ];
  return {
    ...previous,
    capacity: { cpu: String(facts.cpuCount), memory: memory(facts.memoryBytes) },
    allocatable: {
      cpu: String(facts.cpuCount),
      memory: memory(Math.max(0, facts.memoryBytes - RESERVED_MEMORY_BYTES)),
    },
    ...addressesOf(facts),
    nodeInfo: {
      architecture: facts.architecture,
      operatingSystem: 'linux',
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      bootID: facts.bootId,
      machineID: facts.machineId,
      systemUUID: facts.machineId,
      containerRuntimeVersion: `cloud-hypervisor://${facts.vmmVersion}`,
      kubeletVersion: '',
      kubeProxyVersion: '',
    },
    conditions: [
      ...(previous?.conditions?.filter(({ type }) => own.every((each) => each.type !== type)) ?? []),
      ...own.map((each) => turned(each, previous, now)),
    ],
  };
}

/** Where API servers reach what runs here. */
function addressesOf({ hostname, streamPort }: HostFacts) {
  const hostnames = [{ type: 'Hostname', address: hostname }];
  if (streamPort === undefined) return { addresses: hostnames };
  return {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }, ...hostnames],
    daemonEndpoints: { kubeletEndpoint: { Port: streamPort } },
  };
}

type NodeCondition = NonNullable<NonNullable<Node['status']>['conditions']>[number];

/** The condition as it was where it says the same; else with the time, and that of the turn where it turned. */
function turned(next: NodeCondition, previous: Node['status'], now: string): NodeCondition {
  const known = previous?.conditions?.find(({ type }) => type === next.type);
  const isSame =
    known?.status === next.status && known.reason === next.reason && known.message === next.message;
  if (isSame) return known;
  const lastTransitionTime = known?.status === next.status ? (known.lastTransitionTime ?? now) : now;
  return { ...next, lastHeartbeatTime: now, lastTransitionTime };
}

/** Whether the object's labels lack any of this node's. */
export function lacksLabels(node: Pick<Node, 'metadata'>, facts: HostFacts): boolean {
  const labels = node.metadata.labels ?? {};
  return !isDeepStrictEqual({ ...labels, ...labelsOf(facts) }, labels);
}
