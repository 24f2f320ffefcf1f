import type { VmConfig } from '../config/vm-config.ts';
import { idleCounters } from './counters.ts';
import { noSuchDevice } from './devices.ts';
import type { Machine } from './machine.ts';

/**
 * What is there after a boot that failed once the devices were made: a VM that takes calls and has no guest,
 * until it is shut down.
 */
export function unbootedMachine(config: VmConfig): Machine {
  const nothing = async () => {};
  return {
    pause: nothing,
    resume: nothing,
    powerButton: nothing,
    nmi: nothing,
    stop: nothing,
    resizeDisk: nothing,
    addDisk: nothing,
    addNet: nothing,
    removeDevice: nothing,
    writeMemory: async () => Promise.reject(noSuchDevice()),
    counters: async () => idleCounters(config),
    dial: async () => undefined,
  };
}
