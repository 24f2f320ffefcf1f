import { randomUUID } from 'node:crypto';
import { Duplex } from 'node:stream';
import type { Machine, StartMachine } from './machine.ts';

/** vsock port of the guest information: one JSON line, then the end. */
const guestInfoPort = 1027;

/**
 * A machine without any guest, for tests of the control plane at scale: it 'boots' at once, powers off at a
 * press, and answers nothing but the guest information, from what stands on the kernel command line.
 */
export const startNoGuestMachine: StartMachine = async (config, faults, events) => {
  const parameters = new Map(
    (config.payload?.cmdline ?? '').split(/\s+/).map((word) => {
      const equals = word.indexOf('=');
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
  const upSinceMs = performance.now() + (faults.bootDelayMs ?? 0);
  const info = () => ({
    bootId,
    vmId: parameters.get('holt.vm_id') ?? '',
    uptimeMs: Math.round(performance.now() - upSinceMs),
    recycle: parameters.get('holt.recycle') ?? '0',
    image: 'no-guest',
  });
  let bootId = randomUUID();
  let isPaused = false;
  let isStopped = false;
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
    reset: async () => {
      bootId = randomUUID();
    },
    stop: async () => {
      isStopped = true;
    },
    resizeDisk: async () => {},
    counters: async () => ({}),
    dial: async (port) => {
      if (port !== guestInfoPort || isPaused || performance.now() < upSinceMs) return undefined;
      return answering(`${JSON.stringify(info())}\n`);
    },
  };
  return machine;
};

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
