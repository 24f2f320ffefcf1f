import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { VmFailure } from '../api-failure.ts';
import type { VmConfig } from '../config/vm-config.ts';
import { idleCounters } from './counters.ts';
import { deviceManager } from './devices.ts';
import { DiskLocks } from './disk-locks.ts';
import type { Machine, StartMachine } from './machine.ts';
import { resizeDiskFile } from './resize-disk-file.ts';

/** vsock port of the guest information: one JSON line, then the end. */
const guestInfoPort = 1027;

/** What a guest without a kernel remembers. */
interface Memory {
  readonly bootId: string;
  readonly uptimeMs: number;
}

/**
 * A machine without any guest, for tests of the control plane at scale: it 'boots' at once, powers off at a
 * press, lets devices go when asked, and answers nothing but the guest information, from what stands on the
 * kernel command line.
 */
export const startNoGuestMachine: StartMachine = async (config, { faults, events, memoryFrom }) => {
  const locks = lockDisks(config);
  const parameters = commandLineParameters(config.payload?.cmdline ?? '');
  const memory = memoryFrom === undefined ? undefined : readMemory(memoryFrom);
  const upSinceMs = performance.now() - (memory?.uptimeMs ?? 0) + (faults.bootDelayMs ?? 0);
  const uptimeMs = () => Math.round(performance.now() - upSinceMs);
  const bootId = memory?.bootId ?? randomUUID();
  let isPaused = memory !== undefined;
  let isStopped = false;
  const info = () => ({
    bootId,
    vmId: parameters.get('holt.vm_id') ?? '',
    uptimeMs: uptimeMs(),
    recycle: parameters.get('holt.recycle') ?? '0',
    image: 'no-guest',
  });
  const machine: Machine = {
    pause: async () => {
      isPaused = true;
    },
    resume: async () => {
      isPaused = false;
    },
    powerButton: async () => {
      setImmediate(() => {
        if (!isStopped && !isPaused) events.onEnd('guest-shutdown', 'power button');
      });
    },
    nmi: async () => {},
    stop: async () => {
      isStopped = true;
      locks.releaseAll();
    },
    resizeDisk: async (id, sizeBytes) => resizeDiskFile(config, id, sizeBytes),
    addDisk: async (disk) => {
      try {
        locks.take(disk);
      } catch (error) {
        if (error instanceof VmFailure) throw new VmFailure(deviceManager, ...error.causes);
        throw error;
      }
    },
    addNet: async () => {},
    removeDevice: async (id) => {
      locks.release(id);
      setImmediate(() => events.onDeviceGone(id));
    },
    writeMemory: async (path) => {
      const remembered: Memory = { bootId, uptimeMs: uptimeMs() };
      writeFileSync(path, JSON.stringify(remembered), { flag: 'wx' });
    },
    counters: async () => idleCounters(config),
    dial: async (port) => {
      if (port !== guestInfoPort || isPaused || performance.now() < upSinceMs) return undefined;
      return answering(`${JSON.stringify(info())}\n`);
    },
  };
  return machine;
};

function lockDisks(config: VmConfig): DiskLocks {
  const locks = new DiskLocks();
  try {
    for (const disk of config.disks ?? []) locks.take(disk);
    return locks;
  } catch (error) {
    locks.releaseAll();
    if (!(error instanceof VmFailure)) throw error;
    throw new VmFailure('Error locking disk images: Another instance likely holds a lock', ...error.causes);
  }
}

function commandLineParameters(cmdline: string): ReadonlyMap<string, string> {
  return new Map(
    cmdline.split(/\s+/).map((word) => {
      const equals = word.indexOf('=');
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

function readMemory(path: string): Memory {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Memory;
  } catch (error) {
    throw new VmFailure('Cannot restore VM', error instanceof Error ? error.message : String(error));
  }
}

/** A stream that says one thing and ends. */
function answering(text: string): Duplex {
  return new Duplex({
    read() {
      this.push(text);
      this.push(null);
    },
    write(_chunk, _encoding, done) {
      done();
    },
  });
}
