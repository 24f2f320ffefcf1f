import { closeSync, openSync } from 'node:fs';
import { osErrorText, VmFailure } from '../api-failure.ts';
import { validateVmConfig } from '../config/validate.ts';
import type { VmConfig } from '../config/vm-config.ts';
import type { EventMonitor } from '../event-monitor.ts';
import type { Faults } from '../faults.ts';
import { assignDeviceIds, checkFiles } from './devices.ts';
import type { Machine, MachineEnd, StartMachine } from './machine.ts';
import { VsockServer } from './vsock-server.ts';

export interface VmmDependencies {
  readonly monitor: EventMonitor;
  readonly startMachine: StartMachine;
  readonly faults: () => Faults;
  /** The guest powered off, or its emulator died: `exitCode` 0 or 1. */
  readonly onGuestEnd: (end: MachineEnd, detail: string) => void;
}

type RunState = 'Running' | 'Paused';

/** The VM and its configuration, with the states and the words of the real VMM. One call at a time. */
export class Vmm {
  readonly #dependencies: VmmDependencies;
  #config: VmConfig | undefined;
  /** The console files are open: from create, or else from boot, until shutdown. */
  #areConsolesOpen = false;
  #vm: { machine: Machine; vsock: VsockServer | undefined; state: RunState } | undefined;

  constructor(dependencies: VmmDependencies) {
    this.#dependencies = dependencies;
  }

  create(config: VmConfig): void {
    if (this.#config !== undefined) throw new VmFailure('VM is already created');
    // Kept although the console may fail next: the real one does not undo it either.
    this.#config = config;
    this.#openConsoles(config);
  }

  #openConsoles(config: VmConfig): void {
    openConsoles(config);
    this.#areConsolesOpen = true;
  }

  async boot(): Promise<void> {
    const { monitor } = this.#dependencies;
    if (this.#vm !== undefined) throw new VmFailure('VM is already created');
    monitor.emit('vm', 'booting');
    if (this.#config === undefined) throw new VmFailure('VM config is missing');
    if (!this.#areConsolesOpen) this.#openConsoles(this.#config);
    await this.#start(this.#config);
    monitor.emit('vm', 'booted');
  }

  async #start(config: VmConfig): Promise<void> {
    validateVmConfig(config);
    checkFiles(config);
    assignDeviceIds(config);
    const dial = (port: number) => this.#dial(port);
    const vsock =
      config.vsock === undefined ? undefined : await VsockServer.listen(config.vsock.socket, dial);
    try {
      const machine = await this.#dependencies.startMachine(config, this.#dependencies.faults(), {
        onEnd: (end, detail) => this.#dependencies.onGuestEnd(end, detail),
        onGuestReset: () => {
          this.#dependencies.monitor.emit('vm', 'rebooting');
          this.#dependencies.monitor.emit('vm', 'rebooted');
        },
        onGuestPanic: () => this.#dependencies.monitor.emit('guest', 'panic'),
      });
      this.#vm = { machine, vsock, state: 'Running' };
    } catch (error) {
      vsock?.close();
      throw error;
    }
  }

  async #dial(port: number) {
    if (this.#dependencies.faults().vsockRefuse?.includes(port)) return undefined;
    return this.#vm?.machine.dial(port);
  }

  info() {
    if (this.#config === undefined) throw new VmFailure('VM is not created');
    return {
      config: this.#config,
      state: this.#vm?.state ?? 'Created',
      memory_actual_size: this.#config.memory.size,
    };
  }

  async counters() {
    return this.#running().machine.counters();
  }

  async pause(): Promise<void> {
    const vm = this.#running();
    this.#dependencies.monitor.emit('vm', 'pausing');
    this.#refuseTransition(vm.state, 'Paused', 'Cannot pause VM', 'Failed to pause migratable component');
    await vm.machine.pause();
    vm.state = 'Paused';
    this.#dependencies.monitor.emit('vm', 'paused');
  }

  async resume(): Promise<void> {
    const vm = this.#running();
    this.#dependencies.monitor.emit('vm', 'resuming');
    this.#refuseTransition(vm.state, 'Running', 'Cannot resume VM', 'Failed to resume migratable component');
    await vm.machine.resume();
    vm.state = 'Running';
    this.#dependencies.monitor.emit('vm', 'resumed');
  }

  async powerButton(): Promise<void> {
    await this.#running().machine.powerButton();
  }

  async nmi(): Promise<void> {
    await this.#running().machine.nmi();
  }

  async reboot(): Promise<void> {
    this.#dependencies.monitor.emit('vm', 'rebooting');
    if (this.#vm === undefined) throw new VmFailure('VM is not created');
    await this.#vm.machine.reset();
    this.#vm.state = 'Running';
    this.#dependencies.monitor.emit('vm', 'rebooted');
  }

  /** Hard stop; the configuration stays. */
  async shutdown(): Promise<void> {
    const vm = this.#running();
    this.#vm = undefined;
    this.#areConsolesOpen = false;
    vm.vsock?.close();
    await vm.machine.stop();
    this.#dependencies.monitor.emit('vm', 'shutdown');
  }

  async delete(): Promise<void> {
    if (this.#config === undefined) return;
    if (this.#vm !== undefined) await this.shutdown();
    this.#config = undefined;
    this.#dependencies.monitor.emit('vm', 'deleted');
  }

  /** As `vmm.shutdown` does before the process ends. */
  async end(): Promise<void> {
    await this.delete();
    this.#dependencies.monitor.emit('vmm', 'shutdown');
  }

  /** Hot changes of size are not emulated; what the real VMM refuses without hot-plug regions is refused alike. */
  resize(to: { desired_vcpus?: number; desired_ram?: number; desired_balloon?: number }): void {
    if (this.#config === undefined) throw new VmFailure('VM is not created');
    const { cpus, memory } = this.#config;
    if (this.#vm === undefined) {
      cpus.boot_vcpus = to.desired_vcpus ?? cpus.boot_vcpus;
      memory.size = to.desired_ram ?? memory.size;
      return;
    }
    if (to.desired_vcpus === 0) throw new VmFailure('Error from CPU manager', 'Requested zero vCPUs');
    if (to.desired_vcpus !== undefined && to.desired_vcpus > cpus.max_vcpus) {
      throw new VmFailure('Error from CPU manager', 'Requested vCPUs exceed maximum');
    }
    if (to.desired_ram !== undefined && to.desired_ram !== memory.size) {
      throw new VmFailure('Memory manager error', 'Not enough space in the hotplug RAM region');
    }
    if (to.desired_balloon !== undefined) {
      throw new VmFailure('Error from device manager', "Missing virtio-balloon, can't proceed as expected");
    }
  }

  async resizeDisk(id: string, sizeBytes: number): Promise<void> {
    if (this.#config === undefined) throw new VmFailure('VM is not created');
    if (this.#vm === undefined) throw new VmFailure('Failed resizing a disk image');
    await this.#vm.machine.resizeDisk(id, sizeBytes);
  }

  /** For calls that the stand-in does not do. */
  refuse(): never {
    if (this.#config === undefined) throw new VmFailure('VM is not created');
    throw new VmFailure('The stand-in for cloud-hypervisor does not do this');
  }

  #running() {
    if (this.#vm === undefined) throw new VmFailure('VM is not running');
    return this.#vm;
  }

  #refuseTransition(from: RunState, to: RunState, ...causes: string[]): void {
    if (from === to)
      throw new VmFailure(...causes, `Invalid transition: InvalidStateTransition(${from}, ${to})`);
  }
}

function openConsoles(config: VmConfig): void {
  for (const { mode, file } of [config.serial, config.console]) {
    if (mode !== 'File' || file === undefined) continue;
    try {
      closeSync(openSync(file, 'w'));
    } catch (error) {
      throw new VmFailure(
        'Error creating console devices',
        'Error creating console device',
        osErrorText(error),
      );
    }
  }
}
