import type { Duplex } from 'node:stream';
import type { VmConfig } from '../config/vm-config.ts';
import type { Faults } from '../faults.ts';

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
}

/** A running guest, or what plays one. Failures are VmFailures. */
export interface Machine {
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** An ACPI press. */
  powerButton(): Promise<void>;
  nmi(): Promise<void>;
  /** A hard reset. */
  reset(): Promise<void>;
  /** Ends the guest at once and resolves when nothing of it is left. `onEnd` is not called. */
  stop(): Promise<void>;
  resizeDisk(id: string, sizeBytes: number): Promise<void>;
  /** Device id -> counter -> value. */
  counters(): Promise<Record<string, Record<string, number>>>;
  /** A stream to a vsock port of the guest; undefined when nothing there takes it. */
  dial(port: number): Promise<Duplex | undefined>;
}

/** Starts a guest; resolves when its first instruction may run. @throws VmFailure */
export type StartMachine = (config: VmConfig, faults: Faults, events: MachineEvents) => Promise<Machine>;
