import type { Server } from 'node:net';
import { identifyProcess, isAlive, type ProcessIdentity, signalProcess } from '../../lib/process-identity.ts';
import { listenOnApiSocket, removeIfThere } from '../cloud-hypervisor/api-socket.ts';
import { createEndpoints } from '../cloud-hypervisor/endpoints.ts';
import { EventMonitor } from '../cloud-hypervisor/event-monitor.ts';
import { readFaults } from '../cloud-hypervisor/faults.ts';
import { answerCalls } from '../cloud-hypervisor/http/call.ts';
import { createApiServer } from '../cloud-hypervisor/http/server.ts';
import type { StartMachine } from '../cloud-hypervisor/vm/machine.ts';
import { startNoGuestMachine } from '../cloud-hypervisor/vm/no-guest-machine.ts';
import { Vmm } from '../cloud-hypervisor/vm/vmm.ts';
import { FakeGuest } from './fake-guest.ts';

const GUEST_INFO_PORT = 1027;

export interface FakeVmmOptions {
  readonly pid: number;
  readonly apiSocket: string;
  readonly events: string;
  /** What an earlier VMM of this VM had on its volume. */
  readonly guest: FakeGuest | undefined;
}

/** The stand-in's VMM without guests, for a process that is another's: it ends when that process does. */
export class FakeVmm {
  readonly guest: FakeGuest;
  readonly #process: ProcessIdentity | undefined;
  readonly #apiSocket: string;
  readonly #monitor: EventMonitor;
  readonly #vmm: Vmm;
  readonly #server: Server;
  #hasEnded = false;

  constructor({ pid, apiSocket, events, guest }: FakeVmmOptions) {
    this.guest = guest ?? new FakeGuest();
    this.#process = identifyProcess(pid);
    this.#apiSocket = apiSocket;
    this.#monitor = new EventMonitor(events);
    const faultsPath = `${apiSocket}.faults`;
    this.#vmm = new Vmm({
      monitor: this.#monitor,
      startMachine: this.#startMachine,
      faults: () => readFaults(faultsPath),
      onGuestEnd: () => this.#exit(),
    });
    const endpoints = createEndpoints(this.#vmm, () => setTimeout(() => this.#exit(), 10));
    this.#server = createApiServer(answerCalls(endpoints, faultsPath));
  }

  /** Listens on the API socket. */
  async serve(): Promise<void> {
    await listenOnApiSocket(this.#server, this.#apiSocket);
    this.#monitor.emit('vmm', 'starting');
  }

  isAlive(): boolean {
    return this.#process !== undefined && isAlive(this.#process);
  }

  /** The process is gone: sockets answer no more, disks are let go. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#server.close();
    void this.#vmm.end().finally(() => this.#monitor.close());
  }

  /** As a VMM that ends by itself. */
  #exit(): void {
    removeIfThere(this.#apiSocket);
    this.end();
    if (this.#process !== undefined) signalProcess(this.#process, 'SIGKILL');
  }

  readonly #startMachine: StartMachine = async (config, options) => {
    const machine = await startNoGuestMachine(config, options);
    this.guest.boot();
    return {
      ...machine,
      dial: async (port) => {
        // Without its process there is nobody to take a connection.
        if (!this.isAlive()) return undefined;
        const info = await machine.dial(GUEST_INFO_PORT);
        if (port === GUEST_INFO_PORT || info === undefined) return info;
        info.destroy();
        return this.guest.dial(port);
      },
    };
  };
}
