import { truncateSync } from 'node:fs';
import { osErrorText, VmFailure } from '../api-failure.ts';
import type { VmConfig } from '../config/vm-config.ts';
import { deviceManager } from './devices.ts';

/** A VM's disk by its id. @throws VmFailure */
export function findDisk(config: VmConfig, id: string) {
  const disk = config.disks?.find((each) => each.id === id);
  if (disk !== undefined) return disk;
  throw new VmFailure(deviceManager, `Failed to find device corresponding to the given identifier: ${id}`);
}

/** Makes a raw disk image longer or shorter. @throws VmFailure */
export function resizeDiskFile(config: VmConfig, id: string, sizeBytes: number): void {
  const { path = '' } = findDisk(config, id);
  try {
    truncateSync(path, sizeBytes);
  } catch (error) {
    throw new VmFailure(deviceManager, osErrorText(error));
  }
}
