import { VmFailure } from '../api-failure.ts';
import type { DiskConfig } from '../config/device-config.ts';
import type { VmConfig } from '../config/vm-config.ts';
import { deviceManager } from '../vm/devices.ts';

/** The causes of a disk that another VM has. */
export function lockFailure({ path = '', readonly }: Pick<DiskConfig, 'path' | 'readonly'>): string[] {
  return [
    'Cannot lock images of all block devices',
    `Failed to get ${readonly ? 'Read' : 'Write'} lock for disk image: ${path}`,
    'The file is already locked',
  ];
}

/** The failure of a QEMU that did not start, from what it said; in the real VMM's words where it has its own. */
export function startFailure(config: VmConfig, stderr: string, fallback: string): VmFailure {
  const locked = /Is another process using the image \[(.*)\]\?/.exec(stderr)?.[1];
  if (locked !== undefined) {
    const readonly = config.disks?.find(({ path }) => path === locked)?.readonly ?? false;
    return new VmFailure(
      'Error locking disk images: Another instance likely holds a lock',
      ...lockFailure({ path: locked, readonly }),
    );
  }
  const lines = stderr.trim().split('\n');
  const detail = lines.map((line) => line.replace(/^qemu-system-x86_64: /, '')).join(' ');
  return new VmFailure(deviceManager, detail === '' ? fallback : detail);
}
