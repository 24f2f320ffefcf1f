import { VmFailure } from '../api-failure.ts';
import type { VmConfig } from '../config/vm-config.ts';

/** The failure of a QEMU that did not start, from what it said; in the real VMM's words where it has its own. */
export function startFailure(config: VmConfig, stderr: string, fallback: string): VmFailure {
  const locked = /Is another process using the image \[(.*)\]\?/.exec(stderr)?.[1];
  if (locked !== undefined) {
    const isReadOnly = config.disks?.find(({ path }) => path === locked)?.readonly ?? false;
    return new VmFailure(
      'Error locking disk images: Another instance likely holds a lock',
      'Cannot lock images of all block devices',
      `Failed to get ${isReadOnly ? 'Read' : 'Write'} lock for disk image: ${locked}`,
      'The file is already locked',
    );
  }
  const lines = stderr.trim().split('\n');
  const detail = lines.map((line) => line.replace(/^qemu-system-x86_64: /, '')).join(' ');
  return new VmFailure('Error from device manager', detail === '' ? fallback : detail);
}
