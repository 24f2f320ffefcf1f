import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { VsockAddress } from '../../lib/http-over-vsock.ts';
import { GUEST_PORTS } from '../host/guest-ports.ts';
import { Refusal } from './refusal.ts';

/** The objects of this node, by name. */
export interface StreamObjects {
  readonly container: (namespace: string, name: string) => SandboxContainer | undefined;
  readonly userVm: (namespace: string, name: string) => UserVm | undefined;
  /** The VMM's hybrid vsock socket of a VM, by the UserVM's UID. */
  readonly vmSocketPath: (vmUid: string) => string;
  readonly nodeName: string;
}

/** Which container is asked for; `uid` as the API server knows it. */
export interface StreamPlace {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A container in the guest of a VM of this node. */
export interface StreamTarget {
  /** For messages: `sandboxcontainer/name`. */
  readonly label: string;
  readonly container: SandboxContainer;
  readonly containerId: string;
  readonly podman: VsockAddress;
  /** Where connections into the container network begin. */
  readonly forward: VsockAddress;
}

/**
 * Finds a container among what is bound to this node.
 * @throws Refusal that says why it cannot be reached, and what helps
 */
export function findTarget(objects: StreamObjects, { namespace, name, uid }: StreamPlace): StreamTarget {
  const label = `sandboxcontainer/${name}`;
  const container = objects.container(namespace, name);
  if (container === undefined || container.metadata.uid !== uid) {
    const message = `${label} is not known on node ${objects.nodeName} (yet): try again in a moment`;
    throw new Refusal(404, 'NotFound', message);
  }
  const vmName = container.spec.vmRef.name;
  const vm = objects.userVm(namespace, vmName);
  const vmUid = vm?.metadata.uid;
  if (vm === undefined || vmUid === undefined || vm.status?.nodeName !== objects.nodeName)
    throw new Refusal(409, 'Conflict', `${label}: its VM ${vmName} does not run on node ${objects.nodeName}`);
  if (vm.status.phase === 'Paused') {
    const remedy = `set spec.powerState of uservm/${vmName} to Running`;
    throw new Refusal(409, 'Conflict', `${label}: its VM ${vmName} is Paused; ${remedy}`);
  }
  if (vm.status.vmmPid === undefined) {
    const remedy = `"kubectl describe uservm ${vmName}" says why`;
    throw new Refusal(
      409,
      'Conflict',
      `${label}: its VM ${vmName} is ${vm.status.phase ?? 'Pending'}, not running; ${remedy}`,
    );
  }
  const { containerId, phase = 'Pending' } = container.status ?? {};
  if (containerId === undefined) {
    const remedy = `"kubectl describe sandboxcontainer ${name}" says why`;
    throw new Refusal(400, 'BadRequest', `${label} is waiting to start: ${phase}; ${remedy}`);
  }
  const socketPath = objects.vmSocketPath(vmUid);
  return {
    label,
    container,
    containerId,
    podman: { socketPath, port: GUEST_PORTS.podman },
    forward: { socketPath, port: GUEST_PORTS.forward },
  };
}

/** @throws Refusal unless the container's program runs */
export function requireRunning({ container, label }: StreamTarget): void {
  const { phase = 'Pending', lastExit } = container.status ?? {};
  if (phase === 'Running') return;
  const end = lastExit === undefined ? '' : ` (last exit: ${lastExit.reason}, code ${lastExit.exitCode})`;
  throw new Refusal(
    409,
    'Conflict',
    `${label} is ${phase}, not running${end}; "kubectl logs" shows what it wrote`,
  );
}
