import { isDeepStrictEqual } from 'node:util';
import type { Registry } from 'prom-client';
import { type ApiClient, type Change, type Informer, keyOf } from '../../api/client/index.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ProcessIdentity } from '../../lib/process-identity.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
import { vmIdOf } from '../host/vm-identity.ts';
import {
  type ControllerMetrics,
  informerSource,
  type StatusCommitter,
  startController,
} from '../runtime/index.ts';
import { AddressBook } from './address-book.ts';
import type { UserVmDeps } from './deps.ts';
import { dueDigestOf } from './desired-image.ts';
import { FreshObjects } from './fresh-objects.ts';
import { limitsOf } from './limits.ts';
import { createUserVmMetrics } from './metrics.ts';
import type { GuestPort, NodeEffects } from './node-effects.ts';
import { UserVmReconciler } from './reconcile.ts';

export interface UserVmControllerOptions
  extends Pick<UserVmDeps, 'images' | 'dataDiskOf' | 'nodeName' | 'vmsDirectory' | 'subnet'> {
  readonly client: Pick<ApiClient, 'patch'>;
  readonly committer: StatusCommitter;
  /** Started elsewhere. */
  readonly informer: Informer<UserVm>;
  readonly effects: NodeEffects;
  readonly mode: 'kvm' | 'emulated';
  /** Told which process to watch for its end; undefined: none any more. */
  readonly watchProcess: (uid: string, process: ProcessIdentity | undefined) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ControllerMetrics;
  readonly registry: Registry;
}

export interface UserVmController {
  /** Looks at this VM now: its VMM ended, or its port is not as it should be. */
  enqueueUid(uid: string): void;
  /** Looks at the VMs that wait for this image. */
  enqueueWaitingFor(guestImageName: string): void;
  /** All these VMs get the event that the firewall was mended. */
  noteFirewallMended(uids: readonly string[]): void;
  /** The ports of VMs that have a VMM. */
  expectedPorts(portOf: (vm: UserVm & { metadata: { uid: string } }) => GuestPort): Map<string, GuestPort>;
  stop(): Promise<void>;
}

/** VMs are mostly waited for, so a few more workers than CPUs keep one slow VM from holding up the others. */
const WORKERS = 8;

/** Starts the controller of this node's VMs. */
export function startUserVmController(options: UserVmControllerOptions): UserVmController {
  const { informer, clock, metrics, registry, nodeName, subnet, logger } = options;
  const vmsHere = () => informer.lister.list().filter((vm) => vm.status?.nodeName === nodeName);
  const firewallNotices = new Set<string>();
  const known = () =>
    informer.lister.list().map((vm) => ({ uid: vm.metadata.uid, ip: vm.status?.addresses?.ip }));
  const reconciler = new UserVmReconciler({
    ...options,
    objects: new FreshObjects(informer.lister),
    addresses: new AddressBook({ subnet, known }),
    firewallNotices,
    limits: limitsOf(options.mode),
    metrics: createUserVmMetrics(registry, vmsHere),
    logger: logger.child({ controller: 'uservm' }),
    watchVmm: (uid, record) =>
      options.watchProcess(
        uid,
        record === undefined ? undefined : { pid: record.pid, startTicks: record.startTimeTicks },
      ),
  });
  const objectAt = (request: { namespace: string; name: string }) =>
    informer.lister.get(request.namespace, request.name);
  const controller = startController({
    name: 'uservm',
    reconciler,
    sources: [informerSource(informer, { predicate: concernsNode })],
    workers: WORKERS,
    maxDelayMs: 15_000,
    clock,
    logger,
    metrics,
    traceparentOf: (request) => objectAt(request)?.metadata.annotations?.[TRACEPARENT_ANNOTATION],
    fieldsOf: (request): Record<string, string> => {
      const vm = objectAt(request);
      return vm === undefined ? {} : { vm_id: vmIdOf(vm.metadata.uid) };
    },
  });
  return {
    enqueueUid(uid) {
      const vm = vmsHere().find(({ metadata }) => metadata.uid === uid);
      if (vm !== undefined) controller.enqueue(keyOf(vm));
    },
    enqueueWaitingFor(guestImageName) {
      const isWaiting = (vm: UserVm) => {
        const due = dueDigestOf(vm);
        const isDue = due !== undefined && due !== vm.status?.guestImage?.digest;
        return vm.spec.guestImage === guestImageName && (vm.status?.vmmPid === undefined || isDue);
      };
      for (const vm of vmsHere().filter(isWaiting)) controller.enqueue(keyOf(vm));
    },
    noteFirewallMended(uids) {
      for (const uid of uids) {
        firewallNotices.add(uid);
        this.enqueueUid(uid);
      }
    },
    expectedPorts(portOf) {
      const running = vmsHere().filter(
        (vm) => vm.status?.vmmPid !== undefined && vm.status.addresses !== undefined,
      );
      return new Map(running.map((vm) => [vm.metadata.uid, portOf(vm)]));
    },
    stop: () => controller.stop(),
  };
}

/** Spec, deletion, binding, finalizers or the artifact that a rollout gave it changed: this controller's own status writes are no news to it. */
function concernsNode({ old, new: current }: Change<UserVm>): boolean {
  if (old === undefined || current === undefined) return true;
  return (
    old.metadata.uid !== current.metadata.uid ||
    old.metadata.generation !== current.metadata.generation ||
    old.metadata.deletionTimestamp !== current.metadata.deletionTimestamp ||
    old.metadata.finalizers?.length !== current.metadata.finalizers?.length ||
    old.status?.nodeName !== current.status?.nodeName ||
    !isDeepStrictEqual(old.status?.desiredImage, current.status?.desiredImage)
  );
}
