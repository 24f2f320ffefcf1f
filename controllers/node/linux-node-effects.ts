import { join } from 'node:path';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { signalProcess } from '../../lib/process-identity.ts';
import { runCommand } from '../../lib/run-command.ts';
import { listProcesses, readProcess } from '../host/process-table.ts';
import type { VmPaths } from '../host/vm-identity.ts';
import type { HostNetwork } from '../network/host-network.ts';
import { isGuestPortConverged, planGuestPort } from '../network/plan-network.ts';
import type { NodeEffects, VmmApiState } from '../uservm/node-effects.ts';
import { VmmClient } from '../vmm/vmm-client.ts';
import { VmmApiError } from '../vmm/vmm-error.ts';
import { ensureDataVolume, removeDataVolume } from '../volumes/data-volume.ts';
import { hostVolumeFiles } from '../volumes/volume-files.ts';
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

export interface LinuxNodeEffectsOptions {
  readonly netns: string;
  readonly vmmBinary: string;
  readonly mode: 'kvm' | 'emulated';
  readonly volumesDirectory: string;
  readonly network: HostNetwork;
  readonly prober: IngressProber;
  readonly clock?: Clock;
}

/** Time-outs of calls into a VMM and its guest, in milliseconds. */
const TIMEOUTS = {
  kvm: { api: 5_000, boot: 20_000, guest: 2_000, ingress: 2_000 },
  emulated: { api: 10_000, boot: 30_000, guest: 10_000, ingress: 10_000 },
} as const;

/** Where a VM's data volume is. */
export function dataDiskOf(volumesDirectory: string, uid: string): string {
  return join(volumesDirectory, `${uid}.raw`);
}

/** This Linux host. */
export function createLinuxNodeEffects(options: LinuxNodeEffectsOptions): NodeEffects {
  const { network, prober, volumesDirectory, netns, vmmBinary } = options;
  const clock = options.clock ?? systemClock;
  const timeouts = TIMEOUTS[options.mode];
  const volumeDeps = { files: hostVolumeFiles, run: runCommand };
  const vmm = (paths: VmPaths) => new VmmClient({ socketPath: paths.apiSocket, timeoutMs: timeouts.api });
  return {
    readRecord: (paths) => readTextOrNothing(paths.record),
    readProcess: (pid) => readProcess(pid),
    listProcesses: () => listProcesses(),
    async observeGuestPort(port) {
      const state = await network.observeRecent();
      if (state === undefined) return { ifindex: undefined, isConverged: false, isAbsent: true };
      const ifindex = state.links.get(port.tap)?.ifindex;
      return {
        ifindex,
        isConverged: isGuestPortConverged(planGuestPort(state, port)),
        isAbsent: ifindex === undefined && state.guests.every((guest) => guest.tap !== port.tap),
      };
    },
    vmmState: (paths) => vmmStateOf(vmm(paths)),
    guestInfo: (paths) => readGuestInfo(paths.vsock, timeouts.guest),
    ingressAnswers: (ip) => prober.answers(ip, timeouts.ingress),
    describeExit,
    volumeBytes: (uid) => hostVolumeFiles.sizeOf(dataDiskOf(volumesDirectory, uid)),
    async ensureVolume(uid, sizeBytes) {
      await ensureDataVolume(volumeDeps, { path: dataDiskOf(volumesDirectory, uid), sizeBytes });
    },
    removeVolume: (uid) => removeDataVolume(hostVolumeFiles, dataDiskOf(volumesDirectory, uid)),
    ensureGuestPort: (port) => network.ensureGuest(port),
    removeGuestPort: (tap) => network.removeGuest(tap),
    prepareRunDirectory,
    removeRunDirectory,
    clearRun,
    writeRecord: (paths, text) => writeTextAtomically(paths.record, text),
    spawnVmm: (paths) => spawnVmm({ netns, binary: vmmBinary, paths }),
    awaitVmmApi: (paths, process) => awaitVmmApi({ paths, process, timeoutMs: timeouts.api, clock }),
    createVm: (paths, config) => vmm(paths).create(config),
    bootVm: (paths) => vmm(paths).boot({ timeoutMs: timeouts.boot }),
    resumeVm: (paths) => vmm(paths).resume(),
    pressPowerButton: (paths) => vmm(paths).powerButton(),
    shutdownVmm: (paths) => vmm(paths).vmmShutdown(),
    async killProcess(process) {
      signalProcess(process, 'SIGKILL');
    },
  };
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
