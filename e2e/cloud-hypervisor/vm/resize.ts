import { VmFailure } from '../api-failure.ts';
import type { VmConfig } from '../config/vm-config.ts';

/** A `vm.resize`: what is absent stays. */
export interface Resize {
  readonly desired_vcpus?: number;
  readonly desired_ram?: number;
  readonly desired_balloon?: number;
}

/** Memory that is added by ACPI comes in pieces of this size. */
const memoryPieceBytes = 128 * 1024 * 1024;

/** Of a VM that has not booted: its configuration alone. */
export function resizeCreated({ cpus, memory }: VmConfig, to: Resize): void {
  cpus.boot_vcpus = to.desired_vcpus ?? cpus.boot_vcpus;
  memory.size = to.desired_ram ?? memory.size;
}

/** Hot changes of size are not emulated; what the real VMM refuses without hot-plug regions is refused alike. */
export function resizeRunning({ cpus, memory }: VmConfig, ramBytes: number, to: Resize): void {
  if (to.desired_vcpus === 0) throw new VmFailure('Error from CPU manager', 'Requested zero vCPUs');
  if (to.desired_vcpus !== undefined && to.desired_vcpus > cpus.max_vcpus) {
    throw new VmFailure('Error from CPU manager', 'Requested vCPUs exceed maximum');
  }
  if (to.desired_ram !== undefined) {
    if (to.desired_ram > ramBytes)
      throw new VmFailure('Memory manager error', whyNotMore(to.desired_ram - ramBytes));
    // Less is for the next boot, in the real VMM too.
    memory.size = to.desired_ram;
  }
  if (to.desired_balloon !== undefined) {
    throw new VmFailure('Error from device manager', "Missing virtio-balloon, can't proceed as expected");
  }
}

function whyNotMore(addedBytes: number): string {
  return addedBytes % memoryPieceBytes === 0
    ? 'Not enough space in the hotplug RAM region'
    : 'The requested hotplug memory addition is not a valid size';
}
