import { VmFailure } from '../api-failure.ts';
import type { DiskConfig, NetConfig, OtherDeviceConfig, VsockConfig } from '../config/device-config.ts';
import { checkVmConfig } from '../config/validate.ts';
import type { VmConfig } from '../config/vm-config.ts';
import type { PciDeviceInfo } from './device-slots.ts';
import { checkTap, deviceManager, noSuchDevice, openDisk } from './devices.ts';
import type { LiveVm } from './live-vm.ts';

/** Lists of devices that the stand-in keeps and cannot make. */
export type OtherList = 'fs' | 'pmem' | 'devices' | 'user_devices' | 'vdpa' | 'generic_vhost_user';

const lists = [
  'disks',
  'net',
  'fs',
  'pmem',
  'devices',
  'user_devices',
  'vdpa',
  'generic_vhost_user',
] as const;

/** Adds a disk: to the configuration, and to the VM where there is one; its address then. @throws VmFailure */
export async function addDisk(config: VmConfig, vm: LiveVm | undefined, disk: DiskConfig) {
  checkVmConfig({ ...config, disks: [...(config.disks ?? []), disk] });
  const info =
    vm === undefined
      ? undefined
      : await plug(vm, 'disk', disk, async () => {
          openDisk(disk);
          await vm.machine.addDisk(disk);
        });
  config.disks = [...(config.disks ?? []), disk];
  return info;
}

/** As `addDisk`, a network device. @throws VmFailure */
export async function addNet(config: VmConfig, vm: LiveVm | undefined, net: NetConfig) {
  checkVmConfig({ ...config, net: [...(config.net ?? []), net] });
  const info =
    vm === undefined
      ? undefined
      : await plug(vm, 'net', net, async () => {
          checkTap(net);
          await vm.machine.addNet(net);
        });
  config.net = [...(config.net ?? []), net];
  return info;
}

async function plug(
  { slots }: LiveVm,
  kind: string,
  device: { id?: string },
  make: () => Promise<void>,
): Promise<PciDeviceInfo> {
  if (device.id !== undefined) slots.checkId(device.id);
  device.id ??= slots.nextName(kind);
  await make();
  return slots.place(device.id);
}

/** A VM has one vsock device; it is not added to one that has booted. @throws VmFailure */
export function addVsock(config: VmConfig, vm: LiveVm | undefined, vsock: VsockConfig): void {
  if (config.vsock !== undefined) throw new VmFailure('Too many virtio-vsock devices');
  checkVmConfig({ ...config, vsock });
  if (vm !== undefined) throw noSuchDevice();
  config.vsock = vsock;
}

/** Keeps a device for a boot, which the stand-in refuses. @throws VmFailure */
export function addOther(
  config: VmConfig,
  vm: LiveVm | undefined,
  list: OtherList,
  device: OtherDeviceConfig,
): void {
  checkVmConfig({ ...config, [list]: [...(config[list] ?? []), device] });
  if (vm !== undefined) throw noSuchDevice();
  config[list] = [...(config[list] ?? []), device];
}

/** Takes a device out of the configuration, and asks the guest to let it go. @throws VmFailure */
export async function removeDevice(config: VmConfig, vm: LiveVm | undefined, id: string): Promise<void> {
  if (vm === undefined) {
    if (!drop(config, id)) throw new VmFailure(`No device with id ${JSON.stringify(id)} to remove`);
    return;
  }
  if (id === '__rng' || (id === '__console' && config.console.mode !== 'Off')) {
    const kind = id.slice(2);
    throw new VmFailure(deviceManager, `Not allowed to remove this type of device from the VM: ${kind}`);
  }
  if (config.vsock?.id === id) {
    vm.vsock?.close();
    vm.vsock = undefined;
  } else if (has(config, id)) await vm.machine.removeDevice(id);
  if (drop(config, id)) return;
  throw new VmFailure(deviceManager, `Failed to find device corresponding to the given identifier: ${id}`);
}

function has(config: VmConfig, id: string): boolean {
  return lists.some((list) => config[list]?.some((device) => device.id === id));
}

/** Whether there was such a device. */
function drop(config: VmConfig, id: string): boolean {
  if (config.vsock?.id === id) {
    delete config.vsock;
    return true;
  }
  const list = lists.find((each) => config[each]?.some((device) => device.id === id));
  if (list === undefined) return false;
  Object.assign(config, { [list]: config[list]?.filter((device) => device.id !== id) });
  return true;
}
