import type { DeviceSlots } from './device-slots.ts';
import type { Machine } from './machine.ts';
import type { VsockServer } from './vsock-server.ts';

/** `Created` is a VM whose boot failed after its devices were made. */
export type RunState = 'Created' | 'Running' | 'Paused';

/** A VM whose devices are made. */
export interface LiveVm {
  machine: Machine;
  vsock: VsockServer | undefined;
  state: RunState;
  readonly slots: DeviceSlots;
  /** Memory that the guest has. */
  readonly ramBytes: number;
}
