import type { Duplex } from 'node:stream';
import type { DiskConfig, NetConfig } from '../config/device-config.ts';
import type { VmConfig } from '../config/vm-config.ts';
import type { Faults } from '../faults.ts';
import type { Counters } from './counters.ts';

/** Why a machine is no more. */
export type MachineEnd =
  /** The guest powered itself off. */
  | 'guest-shutdown'
  /** The emulator ended by itself. */
  | 'died';

export interface MachineEvents {
  readonly onEnd: (end: MachineEnd, detail: string) => void;
  readonly onGuestReset: () => void;
  readonly onGuestPanic: () => void;
  /** The guest has let a removed device go. */
  readonly onDeviceGone: (id: string) => void;
}

/** A running guest, or what plays one. Failures are VmFailures. */
export interface Machine {
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** An ACPI press. */
  powerButton(): Promise<void>;
  nmi(): Promise<void>;
  /** Ends the guest at once and resolves when nothing of it is left. `onEnd` is not called. */
  stop(): Promise<void>;
  resizeDisk(id: string, sizeBytes: number): Promise<void>;
  addDisk(disk: DiskConfig): Promise<void>;
  addNet(net: NetConfig): Promise<void>;
  /** Asks the guest to let a disk or network device go; `onDeviceGone` tells when it has. */
  removeDevice(id: string): Promise<void>;
  /** Writes what is needed to go on later, of a paused machine, to a new file. */
  writeMemory(path: string): Promise<void>;
  counters(): Promise<Counters>;
  /** A stream to a vsock port of the guest; undefined when nothing there takes it. */
  dial(port: number): Promise<Duplex | undefined>;
}

export interface StartOptions {
  readonly faults: Faults;
  readonly events: MachineEvents;
  /** A file of `writeMemory`: the machine goes on from there, paused. */
  readonly memoryFrom?: string;
}

/** Starts a guest; resolves when its first instruction may run. @throws VmFailure */
export type StartMachine = (config: VmConfig, options: StartOptions) => Promise<Machine>;
