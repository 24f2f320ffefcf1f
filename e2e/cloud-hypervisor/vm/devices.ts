import { closeSync, openSync, readSync } from 'node:fs';
import { osErrorText, VmFailure } from '../api-failure.ts';
import type { VmConfig } from '../config/vm-config.ts';

/** Longest name of a network interface. */
const interfaceNameMax = 15;

/** Gives every device without an id one, as the VMM does when it makes the devices. */
export function assignDeviceIds(config: VmConfig): void {
  let count = 0;
  const assign = (kind: string, device: { id?: string }) => {
    if (device.id !== undefined) return;
    device.id = `_${kind}${count}`;
    count += 1;
  };
  for (const disk of config.disks ?? []) assign('disk', disk);
  for (const net of config.net ?? []) assign('net', net);
  if (config.vsock !== undefined) assign('vsock', config.vsock);
}

/** Opens what the VMM opens, for its words where that fails. @throws VmFailure */
export function checkFiles(config: VmConfig): void {
  const { kernel, initramfs } = config.payload ?? {};
  if (kernel !== undefined) tryOpen(kernel, 'r', 'Cannot open kernel file');
  if (initramfs !== undefined) tryOpen(initramfs, 'r', 'Cannot open initramfs file');
  for (const disk of config.disks ?? []) {
    const path = disk.path ?? '';
    const causes = ['Error from device manager', 'Cannot open disk path', `I/O error (path=${path} op=open)`];
    tryOpen(path, disk.readonly ? 'r' : 'r+', ...causes);
  }
  if (kernel !== undefined) checkKernel(kernel);
  const longTap = config.net?.find(({ tap }) => tap !== undefined && tap.length > interfaceNameMax)?.tap;
  if (longTap !== undefined) {
    throw new VmFailure(
      'Error from device manager',
      'Cannot create virtio-net device',
      'Failed to open taps',
      'Open tap device failed',
      `Interface name too long (max length is ${interfaceNameMax}): ${longTap}`,
    );
  }
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
