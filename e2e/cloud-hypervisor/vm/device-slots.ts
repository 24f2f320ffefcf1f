import { VmFailure } from '../api-failure.ts';
import type { VmConfig } from '../config/vm-config.ts';
import { deviceManager } from './devices.ts';

/** What a hot-plug answers: the device's id and its address on the PCI bus. */
export interface PciDeviceInfo {
  readonly id: string;
  readonly bdf: string;
}

/** Devices of one PCI bus; 0 is the host bridge. */
const slotCount = 32;

/** Names and PCI addresses of a VM's devices during one life of it: given as the VMM gives them. */
export class DeviceSlots {
  readonly #slots = new Map<string, number>();
  readonly #configured: ReadonlySet<string>;
  #nextNumber = 0;

  /** Places what is there at boot; devices without an id get one. */
  constructor(config: VmConfig) {
    const { disks = [], net = [], vsock } = config;
    const devices = [...disks, ...net, ...(vsock === undefined ? [] : [vsock])];
    this.#configured = new Set(devices.flatMap(({ id }) => id ?? []));
    if (config.console.mode !== 'Off') this.place('__console');
    for (const disk of disks) this.#placeNamed('disk', disk);
    for (const each of net) this.#placeNamed('net', each);
    this.place('__rng');
    if (vsock !== undefined) this.#placeNamed('vsock', vsock);
  }

  #placeNamed(kind: string, device: { id?: string }): void {
    device.id ??= this.nextName(kind);
    this.place(device.id);
  }

  /** A name that no device has; it counts even when nothing comes of the device. */
  nextName(kind: string): string {
    for (;;) {
      const name = `_${kind}${this.#nextNumber}`;
      this.#nextNumber += 1;
      if (!this.#configured.has(name) && !this.#slots.has(name)) return name;
    }
  }

  /** @throws VmFailure when the id is reserved, or a removed device that the guest has not let go has it */
  checkId(id: string): void {
    if (id.startsWith('__')) throw new VmFailure(deviceManager, `Invalid identifier: ${id}`);
    if (this.#slots.has(id)) {
      throw new VmFailure(deviceManager, `Invalid identifier as it is not unique: ${id}`);
    }
  }

  /** Takes the lowest free slot. @throws VmFailure when all are taken */
  place(id: string): PciDeviceInfo {
    const taken = new Set(this.#slots.values());
    const slot = Array.from({ length: slotCount }, (_, index) => index).find(
      (index) => index > 0 && !taken.has(index),
    );
    if (slot === undefined) throw new VmFailure(deviceManager, 'No PCI slot is free');
    this.#slots.set(id, slot);
    return { id, bdf: `0000:00:${slot.toString(16).padStart(2, '0')}.0` };
  }

  /** The guest has let the device go. */
  release(id: string): void {
    this.#slots.delete(id);
  }
}
