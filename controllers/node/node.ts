import type { Registry } from 'prom-client';
import { type ApiClient, Informer } from '../../api/client/index.ts';
import { type GuestImage, guestImageDefinition } from '../../crds/guestimage/definition.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { type VolumeSnapshot, volumeSnapshotDefinition } from '../../crds/volumesnapshot/definition.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { type HoltConfig, statePaths } from '../../lib/config.ts';
import type { Logger } from '../../lib/logger.ts';
import { runCommand } from '../../lib/run-command.ts';
import { artifactReadMeter } from '../artifacts/artifact-metrics.ts';
import { ArtifactStore } from '../artifacts/artifact-store.ts';
import { ArtifactClaims } from '../artifacts/collection/artifact-claims.ts';
import { runArtifactCollector } from '../artifacts/collection/collector.ts';
import { startArtifactsController } from '../artifacts/controller.ts';
import { sightImage } from '../artifacts/image-sight.ts';
import { hasLandlock } from '../confinement/host-support.ts';
import { openVmmResources } from '../confinement/vmm-resources.ts';
import { macOf, shortIdOf, tapNameOf, vmPathsOf } from '../host/vm-identity.ts';
import { createChangeFeed } from '../network/change-feed.ts';
import type { HostNetwork } from '../network/host-network.ts';
import { runNetworkWatch } from '../network/network-watch.ts';
import { Heartbeat } from '../noderegistration/heartbeat.ts';
import { readHostFacts } from '../noderegistration/host-facts.ts';
import { createOrphanEffects } from '../orphans/host-effects.ts';
import { liveVmsOf } from '../orphans/live-vms.ts';
import { runOrphanCollector } from '../orphans/orphan-collector.ts';
import { createControllerMetrics, StatusCommitter } from '../runtime/index.ts';
import { SANDBOX_CONTAINER_INDEXERS } from '../sandboxcontainer/of-vm.ts';
import { createSandboxContainerController } from '../sandboxcontainer/registration.ts';
import { type StreamEndpointOptions, startStreamEndpoint } from '../streaming/endpoint.ts';
import { startUserVmController, type UserVmController } from '../uservm/registration.ts';
import { runRetention } from '../volumes/retention/retention-loop.ts';
import { hostVolumeFiles } from '../volumes/volume-files.ts';
import { volumePaths } from '../volumes/volume-paths.ts';
import { startSnapshotController } from '../volumesnapshot/controller.ts';
import { collectionOptions } from './artifact-collection.ts';
import { IngressProber } from './ingress-prober.ts';
import { createLinuxNodeEffects, dataDiskOf } from './linux-node-effects.ts';
import { runLogRotation } from './log-rotation.ts';
import { ProcessWatch } from './process-watch.ts';
import { reporterOnNode } from './report-on-node.ts';
import { tellerOfRetainedVolumes } from './tell-retained-volumes.ts';

export interface NodeOptions {
  /** Certificate of this node towards API servers, and the CA of theirs; PEM. */
  readonly streamTls: StreamEndpointOptions['tls'];
  readonly config: HoltConfig;
  readonly client: ApiClient;
  readonly network: HostNetwork;
  readonly registry: Registry;
  readonly logger: Logger;
}

export interface RunningNode {
  /** @throws Error while some cache has not had its first list */
  checkSynced(): void;
  /** Ends the loops; VMs go on undisturbed. */
  stop(): Promise<void>;
}

/** How often VMM processes are looked at: an end is noticed within this. */
const PROCESS_WATCH_MS = 500;

/** Starts all controllers of this host on shared informers. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { config, client, network, registry, logger } = options;
  const clock = systemClock;
  const paths = statePaths(config.stateDir);
  const { nodeName } = config;
  await network.ensure([]);
  const metrics = createControllerMetrics(registry);
  const committer = new StatusCommitter({
    client,
    reportingComponent: 'holt-node',
    reportingInstance: nodeName,
  });
  const shared = { client, clock, logger };
  const own = { ...shared, fieldSelector: boundTo(nodeName) };
  const informers = {
    userVms: new Informer<UserVm>({ ...own, definition: userVmDefinition }),
    sandboxContainers: new Informer<SandboxContainer>({
      ...own,
      definition: sandboxContainerDefinition,
      indexers: SANDBOX_CONTAINER_INDEXERS,
    }),
    volumeSnapshots: new Informer<VolumeSnapshot>({ ...own, definition: volumeSnapshotDefinition }),
    guestImages: new Informer<GuestImage>({ ...shared, definition: guestImageDefinition }),
  };
  const stopping = new AbortController();
  const { signal } = stopping;
  const prober = new IngressProber(config.netns);
  const resources = await openVmmResources(runCommand);
  const support = {
    hasCgroups: resources.areWhole,
    hasLandlock: config.vmm.mode === 'kvm' ? await hasLandlock() : undefined,
  };
  const onRead = artifactReadMeter(registry);
  const claims = new ArtifactClaims(clock);
  const store = new ArtifactStore({ imagesDirectory: paths.images, clock, onRead });
  const images = {
    images: informers.guestImages.lister,
    isListed: () => informers.guestImages.hasSynced(),
    store,
    imagesDirectory: paths.images,
  };
  const processWatch = new ProcessWatch({
    periodMs: PROCESS_WATCH_MS,
    clock,
    onEnd: (uid) => userVmController.enqueueUid(uid),
  });
  const userVmController = startUserVmController({
    client,
    committer,
    informer: informers.userVms,
    effects: createLinuxNodeEffects({
      netns: config.netns,
      vmm: config.vmm,
      resources,
      landlock: support.hasLandlock === true,
      volumesDirectory: paths.volumes,
      verifyImage: async (digest) => {
        await claims.claim(digest);
        await store.expectBootable(digest);
      },
      network,
      prober,
    }),
    images: (name, assigned) => sightImage(images, name, assigned),
    dataDiskOf: (uid) => dataDiskOf(paths.volumes, uid),
    watchProcess: (uid, process) => processWatch.set(uid, process),
    nodeName,
    vmsDirectory: paths.vms,
    subnet: config.vmSubnet,
    mode: config.vmm.mode,
    clock,
    logger,
    metrics,
    registry,
  });
  const artifacts = startArtifactsController({
    informer: informers.guestImages,
    userVms: informers.userVms,
    store,
    committer,
    nodeName,
    clock,
    logger,
    metrics,
    onChecked: (name) => userVmController.enqueueWaitingFor(name),
  });
  const snapshots = startSnapshotController({
    client,
    committer,
    informer: informers.volumeSnapshots,
    vms: informers.userVms.lister,
    volumesDirectory: paths.volumes,
    vmsDirectory: paths.vms,
    mode: config.vmm.mode,
    nodeName,
    clock,
    logger,
    metrics,
  });
  const containers = createSandboxContainerController({
    client,
    informers,
    vmSocketPath: (uid) => vmPathsOf(paths.vms, shortIdOf(uid)).vsock,
    nodeName,
    clock,
    logger,
    committer,
    metrics,
    registry,
  });
  const streams = await startStreamEndpoint({
    tls: options.streamTls,
    port: config.ports.nodeStreams,
    objects: {
      container: (namespace, name) => informers.sandboxContainers.lister.get(namespace, name),
      userVm: (namespace, name) => informers.userVms.lister.get(namespace, name),
      vmSocketPath: (uid) => vmPathsOf(paths.vms, shortIdOf(uid)).vsock,
      nodeName,
    },
    clock,
    logger,
  });
  const facts = await readHostFacts({
    streamPort: streams.port,
    nodeName,
    mode: config.vmm.mode,
    vmmBinary: config.vmm.binary,
    confinement: support,
    run: runCommand,
  });
  const heartbeat = new Heartbeat({ client, facts, clock, logger });
  const report = reporterOnNode({ client, committer, heartbeat });
  const loops = [
    heartbeat.run(signal),
    processWatch.run(signal),
    runNetworkWatch(networkWatchOptions(options, userVmController, clock), signal),
    runLogRotation({ vmsDirectory: paths.vms, clock, logger }, signal),
    runOrphanCollector(orphanOptions(options, { informer: informers.userVms, report, clock }), signal),
    runRetention(
      {
        files: hostVolumeFiles,
        paths: volumePaths(paths.volumes),
        report,
        publish: tellerOfRetainedVolumes({ client, heartbeat }),
        clock,
        logger,
        registry,
      },
      signal,
    ),
    runArtifactCollector(
      {
        ...collectionOptions({ config, client, ...informers, fieldSelector: boundTo(nodeName) }),
        claims,
        report,
        clock,
        logger,
        registry,
      },
      signal,
    ),
  ];
  for (const informer of Object.values(informers)) informer.start();
  return {
    checkSynced: () => {
      const missing = Object.values(informers).filter((informer) => !informer.hasSynced());
      if (missing.length === 0) return;
      throw new Error(`no list yet of ${missing.map(({ definition }) => definition.plural).join(', ')}`);
    },
    stop: async () => {
      stopping.abort(new Error('holt-node stops'));
      await streams.close();
      await Promise.all([
        userVmController.stop(),
        artifacts.stop(),
        snapshots.stop(),
        containers.stop(),
        ...loops,
      ]);
      await Promise.all(Object.values(informers).map((informer) => informer.stop()));
      prober.close();
    },
  };
}

/** Field selector of what is on a node: all that its identity may list and watch of what is bound to nodes. */
function boundTo(nodeName: string): string {
  return `status.nodeName=${nodeName}`;
}

function networkWatchOptions(options: NodeOptions, controller: UserVmController, clock: Clock) {
  return {
    network: options.network,
    subnet: options.config.vmSubnet,
    expectedPorts: () =>
      controller.expectedPorts((vm) => ({
        tap: tapNameOf(shortIdOf(vm.metadata.uid)),
        mac: macOf(vm.metadata.uid),
        ip: vm.status?.addresses?.ip ?? '',
      })),
    onPortDrift: (uid: string) => controller.enqueueUid(uid),
    onMended: (uids: readonly string[]) => controller.noteFirewallMended(uids),
    changes: createChangeFeed({ netns: options.config.netns, clock }),
    clock,
    logger: options.logger,
  };
}

function orphanOptions(
  { config, client, network, logger, registry }: NodeOptions,
  own: {
    informer: Informer<UserVm>;
    report: Parameters<typeof runOrphanCollector>[0]['report'];
    clock: Clock;
  },
) {
  const paths = statePaths(config.stateDir);
  return {
    effects: createOrphanEffects({ vmsDirectory: paths.vms, volumesDirectory: paths.volumes, network }),
    cachedVms: () =>
      own.informer.hasSynced() ? liveVmsOf(own.informer.lister.list(), config.nodeName) : undefined,
    currentVms: async () => {
      const fieldSelector = boundTo(config.nodeName);
      const { items } = await client.listAll<UserVm>(userVmDefinition, { fieldSelector });
      return liveVmsOf(items, config.nodeName);
    },
    report: own.report,
    clock: own.clock,
    logger,
    registry,
  };
}
