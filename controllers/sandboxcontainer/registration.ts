import type { Registry } from 'prom-client';
import { type ApiClient, type Informer, keyOf } from '../../api/client/index.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
import { vmIdOf } from '../host/vm-identity.ts';
import {
  type Controller,
  type ControllerMetrics,
  informerSource,
  type Source,
  type StatusCommitter,
  startController,
} from '../runtime/index.ts';
import { AddressBook } from './address-book.ts';
import { concerns } from './dependencies-of.ts';
import { apiEffects } from './effects.ts';
import type { Guest } from './guest.ts';
import { GuestObserver } from './guest-observer.ts';
import { httpProbe } from './http-probe.ts';
import { createLookUp } from './look-up.ts';
import { createContainerMetrics } from './metrics.ts';
import { containersOf } from './of-vm.ts';
import { OrphanReconciler } from './orphan-reconciler.ts';
import { PidsWatch } from './pids-watch.ts';
import { podmanGuest } from './podman-guest.ts';
import { Prober } from './prober.ts';
import { ContainerReconciler } from './reconciler.ts';
import { RestartBackoff } from './restart-backoff.ts';

export interface SandboxContainerControllerOptions {
  readonly client: Pick<ApiClient, 'get' | 'patch'>;
  /** Started elsewhere; that of the containers with `SANDBOX_CONTAINER_INDEXERS`. */
  readonly informers: {
    readonly userVms: Informer<UserVm>;
    readonly sandboxContainers: Informer<SandboxContainer>;
  };
  /** The VMM's hybrid vsock socket of a VM, by the UserVM's UID. */
  readonly vmSocketPath: (vmUid: string) => string;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly committer: StatusCommitter;
  readonly metrics: ControllerMetrics;
  readonly registry: Registry;
  /** How often each guest is looked at; default 2,500. */
  readonly tickMs?: number;
}

/** Containers and routes inside the VMs of this node. `stop` ends the loops and the probes; containers go on. */
export function createSandboxContainerController(
  options: SandboxContainerControllerOptions,
): Pick<Controller, 'stop'> {
  const { clock, informers, nodeName, committer, metrics, logger, vmSocketPath, tickMs = 2_500 } = options;
  const containers = informers.sandboxContainers.lister;
  const userVms = informers.userVms.lister;
  const guests = new Map<string, Guest>();
  const guestOf = (vmUid: string): Guest => {
    const guest = guests.get(vmUid) ?? podmanGuest(vmSocketPath(vmUid));
    guests.set(vmUid, guest);
    return guest;
  };
  const observer = new GuestObserver({ guestOf, clock });
  const containerMetrics = createContainerMetrics(options.registry, () => containers.list());
  const prober = new Prober({
    probe: httpProbe,
    clock,
    random: Math.random,
    onChange: (key) => containerController.enqueue(key),
    onProbed: containerMetrics.onProbed,
  });
  const shared = { nodeName, clock, logger, containers, userVms, guestOf, observer, tickMs };
  const containerController = startController({
    name: 'sandboxcontainer',
    reconciler: new ContainerReconciler({
      ...shared,
      api: apiEffects(options.client, committer),
      vmSocketPath,
      prober,
      backoff: new RestartBackoff({ clock }),
      pidsWatch: new PidsWatch(),
      addresses: new AddressBook(),
      killedFor: new Map(),
      onRestarts: containerMetrics.onRestarts,
    }),
    sources: [informerSource(informers.sandboxContainers), dependents(options), containersOfVms(options)],
    workers: 8,
    maxDelayMs: 15_000,
    clock,
    logger,
    metrics,
    traceparentOf: ({ namespace, name }) =>
      containers.get(namespace, name)?.metadata.annotations?.[TRACEPARENT_ANNOTATION],
    fieldsOf: ({ namespace, name }): Record<string, string> => {
      const vm = userVms.get(namespace, containers.get(namespace, name)?.spec.vmRef.name ?? '');
      const vmField = vm === undefined ? {} : { vm_id: vmIdOf(vm.metadata.uid) };
      return { container_name: name, ...vmField };
    },
  });
  const orphanController = startController({
    name: 'sandboxcontainer-orphans',
    reconciler: new OrphanReconciler({
      ...shared,
      lookUp: createLookUp(options.client, nodeName),
      tell: async (vm, events) => {
        await committer.commit(userVmDefinition, vm, { ...vm.status }, events);
      },
    }),
    sources: [informerSource(informers.userVms), syncedOnly(informers.sandboxContainers)],
    maxDelayMs: 15_000,
    clock,
    logger,
    metrics,
    fieldsOf: ({ namespace, name }) => ({ vm_id: userVms.get(namespace, name)?.status?.vmId ?? '' }),
  });
  return {
    stop: async () => {
      prober.stop();
      await Promise.all([containerController.stop(), orphanController.stop()]);
    },
  };
}

/** A container's change concerns those that wait for it, or that it waits for to end. */
function dependents({ informers }: SandboxContainerControllerOptions): Source {
  return informerSource(informers.sandboxContainers, {
    keys: (changed) =>
      informers.sandboxContainers.lister
        .list(changed.metadata.namespace)
        .filter((other) => other.spec.vmRef.name === changed.spec.vmRef.name)
        .filter((other) => concerns(changed, other) || concerns(other, changed))
        .map(keyOf),
  });
}

/** A VM's change concerns its containers. */
function containersOfVms({ informers }: SandboxContainerControllerOptions): Source {
  return informerSource(informers.userVms, {
    keys: (vm) =>
      containersOf(informers.sandboxContainers.lister, {
        namespace: vm.metadata.namespace,
        name: vm.metadata.name ?? '',
      }).map(keyOf),
  });
}

/** Nothing is an orphan before all objects are known. */
function syncedOnly(informer: Informer<SandboxContainer>): Source {
  return { whenSynced: (signal) => informer.whenSynced(signal), connect: () => () => {} };
}
