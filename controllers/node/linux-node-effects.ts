import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { HoltConfig } from '../../lib/config.ts';
import { type ProcessIdentity, signalProcess } from '../../lib/process-identity.ts';
import { runCommand } from '../../lib/run-command.ts';
import { type VmmResources, vmmLimitsOf } from '../confinement/vmm-limits.ts';
import { listProcesses, readProcess } from '../host/process-table.ts';
import { shortIdOfTap, type VmPaths, vmmNetnsOf } from '../host/vm-identity.ts';
import { vmmUserIdOf } from '../host/vmm-user.ts';
import type { HostNetwork } from '../network/host-network.ts';
import { isGuestPortConverged, planGuestPort } from '../network/plan-network.ts';
import { tapIfindexIn } from '../network/vmm-network.ts';
import type {
  GuestPort,
  GuestPortSight,
  NodeEffects,
  VmmApiState,
  VmmLaunch,
} from '../uservm/node-effects.ts';
import { withLandlock } from '../vmm/vm-config.ts';
import { VmmClient } from '../vmm/vmm-client.ts';
import { VmmApiError } from '../vmm/vmm-error.ts';
import { ensureDataVolume, retireDataVolume } from '../volumes/data-volume.ts';
import { hostVolumeFiles } from '../volumes/volume-files.ts';
import { volumePaths } from '../volumes/volume-paths.ts';
import { describeExit } from './describe-exit.ts';
import { readGuestInfo } from './guest-info.ts';
import type { IngressProber } from './ingress-prober.ts';
import {
  clearRun,
  prepareRunDirectory,
  readTextOrNothing,
  removeRunDirectory,
  writeTextAtomically,
} from './run-directory.ts';
import { awaitVmmApi, spawnVmm } from './spawn-vmm.ts';
import {
  flushVolume,
  removeStandby,
  requireSnapshotRoom,
  restoreSnapshot,
  takeSnapshot,
  volumeMarkOf,
  writeStandby,
} from './vm-snapshot.ts';

export interface LinuxNodeEffectsOptions {
  readonly netns: string;
  readonly vmm: HoltConfig['vmm'];
  readonly resources: VmmResources;
  /** Whether the VMM and the kernel know Landlock. */
  readonly landlock: boolean;
  readonly volumesDirectory: string;
  readonly verifyImage: NodeEffects['verifyImage'];
  readonly network: HostNetwork;
  readonly prober: IngressProber;
  readonly clock?: Clock;
}

/** Where `ip netns` keeps the names (man 8 ip-netns). */
const NETNS_DIRECTORY = '/run/netns';

/** Time-outs of calls into a VMM and its guest, in milliseconds. */
const TIMEOUTS = {
  kvm: { api: 5_000, boot: 20_000, memory: 120_000, guest: 2_000, ingress: 2_000 },
  emulated: { api: 10_000, boot: 30_000, memory: 180_000, guest: 10_000, ingress: 10_000 },
} as const;

/** Where a VM's data volume is. */
export function dataDiskOf(volumesDirectory: string, uid: string): string {
  return volumePaths(volumesDirectory).live(uid).raw;
}

/** This Linux host. */
export function createLinuxNodeEffects(options: LinuxNodeEffectsOptions): NodeEffects {
  const { network, prober, volumesDirectory, resources } = options;
  const clock = options.clock ?? systemClock;
  const timeouts = TIMEOUTS[options.vmm.mode];
  const volumeDeps = { files: hostVolumeFiles, run: runCommand };
  const vmm = (paths: VmPaths) => new VmmClient({ socketPath: paths.apiSocket, timeoutMs: timeouts.api });
  return {
    readRecord: (paths) => readTextOrNothing(paths.record),
    readStandby: (paths) => readTextOrNothing(paths.standby),
    readProcess: (pid) => readProcess(pid),
    listProcesses: () => listProcesses(),
    observeGuestPort: (port, vmmPid) => observeGuestPort(options, port, vmmPid),
    vmmState: (paths) => vmmStateOf(vmm(paths)),
    guestInfo: (paths) => readGuestInfo(paths.vsock, timeouts.guest),
    ingressAnswers: (ip) => prober.answers(ip, timeouts.ingress),
    describeExit,
    verifyImage: options.verifyImage,
    volumeBytes: (uid) => hostVolumeFiles.sizeOf(dataDiskOf(volumesDirectory, uid)),
    volumeMark: (uid) => volumeMarkOf(dataDiskOf(volumesDirectory, uid)),
    flushVolume: (uid) => flushVolume(dataDiskOf(volumesDirectory, uid)),
    requireSnapshotRoom,
    takeSnapshot: (paths) => takeSnapshot(paths, vmm(paths), { timeoutMs: timeouts.memory }),
    writeStandby,
    removeStandby,
    restoreVm: (paths, snapshot) =>
      restoreSnapshot(paths, vmm(paths), { snapshot, timeoutMs: timeouts.memory }),
    async ensureVolume(uid, sizeBytes) {
      await ensureDataVolume(volumeDeps, { path: dataDiskOf(volumesDirectory, uid), sizeBytes });
    },
    removeVolume: (uid, keeping) =>
      retireDataVolume({ files: hostVolumeFiles, paths: volumePaths(volumesDirectory) }, uid, {
        ...keeping,
        nowMs: clock.nowMs(),
      }),
    ensureGuestPort: (port) => network.ensureGuest(port),
    removeGuestPort: (tap) => network.removeGuest(tap),
    prepareRunDirectory,
    async removeRunDirectory(paths) {
      await resources.release(`vm-${basename(paths.directory)}`);
      await removeRunDirectory(paths);
    },
    clearRun,
    writeRecord: (paths, text) => writeTextAtomically(paths.record, text),
    spawnVmm: (paths, launch) => launchVmm(options, paths, launch),
    awaitVmmApi: (paths, process) => awaitVmmApi({ paths, process, timeoutMs: timeouts.api, clock }),
    createVm: (paths, config) =>
      vmm(paths).create(options.landlock ? withLandlock(config, paths.snapshot) : config),
    bootVm: (paths) => vmm(paths).boot({ timeoutMs: timeouts.boot }),
    pauseVm: (paths) => vmm(paths).pause(),
    resumeVm: (paths) => vmm(paths).resume(),
    async pressPowerButton(paths) {
      if ((await vmmStateOf(vmm(paths))) === 'paused') await vmm(paths).resume();
      await vmm(paths).powerButton();
    },
    shutdownVmm: (paths) => vmm(paths).vmmShutdown(),
    async killProcess(process) {
      signalProcess(process, 'SIGKILL');
    },
  };
}

async function observeGuestPort(
  { network, netns }: LinuxNodeEffectsOptions,
  port: GuestPort,
  vmmPid: number | undefined,
): Promise<GuestPortSight> {
  const state = await network.observeRecent();
  const igmp = vmmPid === undefined ? undefined : await readTextOrNothing(`/proc/${vmmPid}/net/igmp`);
  return {
    ifindex: igmp === undefined ? undefined : tapIfindexIn(igmp, port.tap),
    isConverged: state !== undefined && isGuestPortConverged(planGuestPort(state, port)),
    isAbsent:
      state?.links.has(port.tap) !== true &&
      state?.guests.some((guest) => guest.tap === port.tap) !== true &&
      !existsSync(join(NETNS_DIRECTORY, vmmNetnsOf(netns, shortIdOfTap(port.tap)))),
  };
}

async function launchVmm(
  { netns, vmm, resources }: LinuxNodeEffectsOptions,
  paths: VmPaths,
  launch: VmmLaunch,
): Promise<ProcessIdentity> {
  const { vmId, port, dataDisk } = launch;
  return spawnVmm({
    binary: vmm.binary,
    paths,
    ownFiles: [dataDisk],
    confinement: {
      netns: vmmNetnsOf(netns, shortIdOfTap(port.tap)),
      userId: vmmUserIdOf(port.ip),
      readPaths: [...vmm.readPaths, ...new Set(launch.readPaths.map((path) => dirname(path)))],
      writePaths: [paths.runtime, paths.snapshot, dataDisk],
      limited: await resources.prepare(vmId, vmmLimitsOf(launch, vmm.mode)),
    },
  });
}

async function vmmStateOf(client: VmmClient): Promise<VmmApiState> {
  try {
    const { state } = await client.info();
    if (state === 'Running' || state === 'BreakPoint') return 'running';
    return state === 'Paused' ? 'paused' : 'created';
  } catch (error) {
    return error instanceof VmmApiError && error.isVmNotCreated ? 'empty' : 'unreachable';
  }
}
