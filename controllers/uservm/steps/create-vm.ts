import { buildVmConfig } from '../../vmm/vm-config.ts';
import type { VerifiedImage } from '../observation.ts';
import type { StepContext } from '../step-context.ts';

/** Gives the VMM its VM: disks, network, vsock and kernel command line. Nothing runs yet. */
export async function createVm(context: StepContext, image: VerifiedImage): Promise<void> {
  const { effects, paths, port, desired } = context;
  const config = buildVmConfig({
    kernel: image.kernel,
    initramfs: image.initramfs,
    rootDisk: image.rootDisk,
    dataDisk: context.dataDisk,
    cmdline: cmdlineOf(context, image),
    cpus: desired.boot.cpus,
    memoryBytes: desired.boot.memoryBytes,
    tap: port.tap,
    mac: port.mac,
    vsockSocket: paths.vsock,
    consoleLog: paths.console,
  });
  await effects.createVm(paths, config);
}

/** The image's own parameters and then those by which the guest learns who it is. */
export function cmdlineOf(
  context: Pick<StepContext, 'vmId' | 'user' | 'port' | 'gateway' | 'desired'>,
  image: Pick<VerifiedImage, 'cmdline'>,
): string {
  return [
    image.cmdline,
    `holt.vm_id=${context.vmId}`,
    `holt.user=${context.user}`,
    `holt.ip=${context.port.ip}/16`,
    `holt.gw=${context.gateway}`,
    `holt.recycle=${context.desired.boot.recycleId}`,
  ].join(' ');
}
