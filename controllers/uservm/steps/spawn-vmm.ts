import { hashOfBootSpec } from '../boot-spec.ts';
import type { StandbyRecord } from '../standby-record.ts';
import type { Step } from '../step.ts';
import type { StepContext, StepState } from '../step-context.ts';
import type { VmmRecord } from '../vmm-record.ts';

/**
 * Starts the VMM and records it before it is given a VM. Killed in between, the next look finds an unrecorded
 * VMM that is certainly empty, and replaces it.
 */
export async function spawnVmm(
  context: StepContext,
  state: StepState,
  { image, standby }: Extract<Step, { name: 'spawnVmm' }>,
): Promise<StepState> {
  const { effects, paths, desired, clock } = context;
  if (state.ensuredPort === undefined) throw new TypeError('spawnVmm comes after ensureNetwork');
  const volumeBytes = state.volumeBytes ?? desired.boot.volumeBytes;
  const boot = standby?.boot ?? { ...desired.boot, volumeBytes };
  const recycleRequest = standby === undefined ? desired.recycleRequest : standby.recycleRequest;
  const process = await effects.spawnVmm(paths, {
    vmId: context.vmId,
    port: context.port,
    cpus: boot.cpus,
    memoryBytes: boot.memoryBytes,
    readPaths: [image.kernel, image.initramfs, image.rootDisk],
    dataDisk: context.dataDisk,
  });
  const record: VmmRecord = {
    uid: context.uid,
    vmId: context.vmId,
    pid: process.pid,
    startTimeTicks: process.startTicks,
    spawnedAt: new Date(clock.nowMs()).toISOString(),
    tapIfindex: state.ensuredPort.ifindex,
    bootedSpecHash: hashOfBootSpec(boot),
    boot,
    imageDigest: image.digest,
    ...(recycleRequest === undefined ? {} : { recycleRequest }),
    ...(standby === undefined ? {} : restoredFromOf(standby)),
  };
  await effects.writeRecord(paths, JSON.stringify(record));
  await effects.awaitVmmApi(paths, process);
  return { ...state, record };
}

function restoredFromOf({ takenAt, bootId }: StandbyRecord) {
  return { restoredFrom: takenAt, ...(bootId === undefined ? {} : { restoredBootId: bootId }) };
}
