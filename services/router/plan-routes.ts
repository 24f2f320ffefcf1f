import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import {
  makeRoute,
  ROUTE_TARGETS,
  type Route,
  type RouteFields,
  type RouteTable,
  type RouteTarget,
  routeKey,
} from './route-table.ts';
import { isVmAddress } from './vm-address.ts';

interface Conditioned {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | undefined;
  };
}

const isReady = (object: Conditioned): boolean =>
  object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

const isDeleting = (object: UserVm | SandboxContainer): boolean =>
  object.metadata.deletionTimestamp !== undefined;

const vmKey = (namespace: string | undefined, name: string | undefined): string => `${namespace}/${name}`;

/**
 * The routes that the cluster's state asks for: for each user with a UserVM one for live and one for dev. Pure,
 * and the same for any order of its inputs.
 */
export function planRoutes(
  userVms: readonly UserVm[],
  containers: readonly SandboxContainer[],
  vmSubnet: string,
): RouteTable {
  const containersByVm = Map.groupBy(containers, ({ metadata, spec }) =>
    vmKey(metadata.namespace, spec.vmRef.name),
  );
  const routes = new Map<string, Route>();
  const claimed = new Set<string>();
  for (const userVm of userVms.toSorted(byPrecedence)) {
    const { user } = userVm.spec;
    if (routes.has(routeKey(user, 'live'))) continue;
    const vm = observeVm(userVm, vmSubnet, claimed);
    claimed.add(vm.ip);
    const own = containersByVm.get(vmKey(userVm.metadata.namespace, userVm.metadata.name)) ?? [];
    for (const target of ROUTE_TARGETS) {
      routes.set(routeKey(user, target), planRoute(vm, selectContainer(own, target), target));
    }
  }
  return routes;
}

/** Admission keeps it at one a user; should there be two, the one that is not going away, then the older one. */
function byPrecedence(a: UserVm | SandboxContainer, b: UserVm | SandboxContainer): number {
  if (isDeleting(a) !== isDeleting(b)) return isDeleting(a) ? 1 : -1;
  return (
    compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
    compareText(a.metadata.uid ?? '', b.metadata.uid ?? '')
  );
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

function selectContainer(
  containers: readonly SandboxContainer[],
  target: RouteTarget,
): SandboxContainer | undefined {
  return containers
    .filter((container) => container.spec.role === target && !isDeleting(container))
    .toSorted(byPrecedence)[0];
}

type VmState =
  | 'ready'
  | 'vm-pending'
  | 'vm-starting'
  | 'vm-paused'
  | 'vm-standby'
  | 'vm-stopped'
  | 'vm-failed';

type ObservedVm = Pick<RouteFields, 'user' | 'vmId' | 'ip' | 'bootId'> & { readonly state: VmState };

/** An address that an older VM claims is not this one's, whatever its status says. */
function observeVm(userVm: UserVm, vmSubnet: string, claimed: ReadonlySet<string>): ObservedVm {
  const { vmId = '', bootId = '', addresses } = userVm.status ?? {};
  const state = planVmState(userVm);
  const address = addresses?.ip ?? '';
  // A VM that is down has no connections that may live on: it holds no address.
  const holdsAddress =
    state !== 'vm-stopped' &&
    state !== 'vm-standby' &&
    isVmAddress(address, vmSubnet) &&
    !claimed.has(address);
  const isServable = holdsAddress && vmId !== '';
  return {
    user: userVm.spec.user,
    vmId,
    ip: holdsAddress ? address : '',
    bootId,
    state: state === 'ready' && !isServable ? 'vm-starting' : state,
  };
}

function planRoute(vm: ObservedVm, container: SandboxContainer | undefined, target: RouteTarget): Route {
  const state = vm.state === 'ready' ? planContainerState(vm, container) : vm.state;
  return makeRoute({ ...vm, target, state, containerName: container?.metadata.name ?? '' });
}

function planContainerState(vm: ObservedVm, container: SandboxContainer | undefined): RouteFields['state'] {
  if (container === undefined) return 'container-missing';
  const isOfThisVm = container.status?.vmId === undefined || container.status.vmId === vm.vmId;
  return isReady(container) && isOfThisVm ? 'ready' : 'container-not-ready';
}

function planVmState(userVm: UserVm): VmState {
  if (isDeleting(userVm)) return 'vm-stopped';
  switch (userVm.status?.phase) {
    case undefined:
    case 'Pending':
    case 'Scheduled':
      return userVm.spec.powerState === 'Stopped' ? 'vm-stopped' : 'vm-pending';
    case 'Provisioning':
    case 'Booting':
    case 'Resuming':
      return 'vm-starting';
    case 'Paused':
      return 'vm-paused';
    case 'Suspending':
    case 'Standby':
      return 'vm-standby';
    case 'Stopping':
    case 'Stopped':
    case 'Deleting':
      return 'vm-stopped';
    case 'Failed':
      return 'vm-failed';
    case 'Running':
      return isReady(userVm) ? 'ready' : 'vm-starting';
  }
}
