import { closeSync, openSync, readSync } from 'node:fs';
import { osErrorText, VmFailure } from '../api-failure.ts';
import type { DiskConfig, NetConfig } from '../config/device-config.ts';
import type { VmConfig } from '../config/vm-config.ts';

/** Longest name of a network interface. */
const interfaceNameMax = 15;

export const deviceManager = 'Error from device manager';

/** What the stand-in says of a device that it cannot make. */
export function noSuchDevice(): VmFailure {
  return new VmFailure(deviceManager, 'The stand-in for cloud-hypervisor has no such device');
}

/**
 * Opens what the VMM opens before it boots, for its words where that fails. As there, a list with a device
 * that fails is lost from the configuration: the next boot goes without it.
 * @throws VmFailure
 */
export function openDevices(config: VmConfig): void {
  losing(config, 'disks', () => config.disks?.forEach(openDisk));
  losing(config, 'net', () => config.net?.forEach(checkTap));
  const { fs, pmem, devices, user_devices, vdpa, generic_vhost_user } = config;
  const others = [fs, pmem, devices, user_devices, vdpa, generic_vhost_user].flatMap((list) => list ?? []);
  if (others.length > 0) throw noSuchDevice();
}

/** Runs a step whose failure takes a part of the configuration along. */
function losing(config: VmConfig, part: 'disks' | 'net', open: () => void): void {
  try {
    open();
  } catch (error) {
    delete config[part];
    throw error;
  }
}

/** @throws VmFailure */
export function openDisk({ path, readonly }: DiskConfig): void {
  if (path === undefined) {
    throw new VmFailure(deviceManager, 'No disk path was specified when one was expected');
  }
  const causes = [deviceManager, 'Cannot open disk path', `I/O error (path=${path} op=open)`];
  tryOpen(path, readonly ? 'r' : 'r+', ...causes);
}

/** @throws VmFailure */
export function checkTap({ tap }: NetConfig): void {
  if (tap === undefined || tap.length <= interfaceNameMax) return;
  throw new VmFailure(
    deviceManager,
    'Cannot create virtio-net device',
    'Failed to open taps',
    'Open tap device failed',
    `Interface name too long (max length is ${interfaceNameMax}): ${tap}`,
  );
}

/** Looks at what the guest is booted from. @throws VmFailure */
export function checkPayload({ payload }: VmConfig): void {
  const { kernel, initramfs } = payload ?? {};
  if (kernel !== undefined) tryOpen(kernel, 'r', 'Cannot open kernel file');
  if (initramfs !== undefined) tryOpen(initramfs, 'r', 'Cannot open initramfs file');
  if (kernel !== undefined) checkKernel(kernel);
}

/** A bzImage has its mark at 0x202; the other form that the VMM boots is ELF. */
function checkKernel(path: string): void {
  const head = Buffer.alloc(0x206);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  if (head.toString('latin1', 0x202, 0x206) === 'HdrS' || head.toString('latin1', 1, 4) === 'ELF') return;
  const invalid = 'Kernel Loader: Invalid bzImage';
  const chain = `Kernel Loader: failed to load bzImage kernel image: ${invalid}`;
  throw new VmFailure('Cannot load the kernel into memory', chain, invalid);
}

function tryOpen(path: string, flags: 'r' | 'r+', ...causes: string[]): void {
  try {
    closeSync(openSync(path, flags));
  } catch (error) {
    throw new VmFailure(...causes, osErrorText(error));
  }
}
