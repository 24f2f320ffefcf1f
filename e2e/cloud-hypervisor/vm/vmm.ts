import { VmFailure } from '../api-failure.ts';
import type { DiskConfig, NetConfig, OtherDeviceConfig, VsockConfig } from '../config/device-config.ts';
import { validateVmConfig } from '../config/validate.ts';
import type { VmConfig } from '../config/vm-config.ts';
import type { EventMonitor } from '../event-monitor.ts';
import type { Faults } from '../faults.ts';
import { openConsoles } from './consoles.ts';
import { addDisk, addNet, addOther, addVsock, type OtherList, removeDevice } from './device-calls.ts';
import { DeviceSlots, type PciDeviceInfo } from './device-slots.ts';
import { checkPayload, deviceManager, openDevices } from './devices.ts';
import type { LiveVm, RunState } from './live-vm.ts';
import type { MachineEnd, MachineEvents, StartMachine } from './machine.ts';
import { type Resize, resizeCreated, resizeRunning } from './resize.ts';
import { readSnapshot, writeSnapshot } from './snapshot-folder.ts';
import { unbootedMachine } from './unbooted-machine.ts';
import { VsockServer } from './vsock-server.ts';

export interface VmmDependencies {
  readonly monitor: EventMonitor;
  readonly startMachine: StartMachine;
  readonly faults: () => Faults;
  /** The guest powered off, or its emulator died: `exitCode` 0 or 1. */
  readonly onGuestEnd: (end: MachineEnd, detail: string) => void;
}

/** The VM and its configuration, with the states and the words of the real VMM. One call at a time. */
export class Vmm {
  readonly #dependencies: VmmDependencies;
  #config: VmConfig | undefined;
  /** The console files are open: from create, or else from boot, until shutdown. */
  #areConsolesOpen = false;
  #vm: LiveVm | undefined;

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
    const vm = await this.#makeDevices(this.#config);
    checkPayload(this.#config);
    await this.#startMachine(this.#config, vm);
    vm.state = 'Running';
    monitor.emit('vm', 'booted');
  }

  /** From here on there is a VM, also when its boot fails: it must be shut down before another boot. */
  async #makeDevices(config: VmConfig): Promise<LiveVm> {
    validateVmConfig(config);
    openDevices(config);
    const slots = new DeviceSlots(config);
    const vsock = await this.#listenForVsock(config);
    const machine = unbootedMachine(config);
    const vm: LiveVm = { machine, vsock, state: 'Created', slots, ramBytes: config.memory.size };
    this.#vm = vm;
    return vm;
  }

  async #listenForVsock(config: VmConfig): Promise<VsockServer | undefined> {
    if (config.vsock === undefined) return undefined;
    try {
      return await VsockServer.listen(config.vsock.socket, (port) => this.#dial(port));
    } catch (error) {
      // As with the other devices (`openDevices`): one that fails is lost.
      delete config.vsock;
      throw error;
    }
  }

  async #startMachine(config: VmConfig, vm: LiveVm, memoryFrom?: string): Promise<void> {
    const { startMachine, faults } = this.#dependencies;
    try {
      const options = { faults: faults(), events: this.#machineEvents(vm) };
      vm.machine = await startMachine(config, {
        ...options,
        ...(memoryFrom !== undefined && { memoryFrom }),
      });
    } catch (error) {
      if (!(error instanceof VmFailure) || error.causes[0] !== deviceManager) throw error;
      // The real VMM would have found out when it made its devices: there is no VM then, and no tap.
      vm.vsock?.close();
      this.#vm = undefined;
      delete config.net;
      throw error;
    }
  }

  #machineEvents({ slots }: LiveVm): MachineEvents {
    const { monitor, onGuestEnd } = this.#dependencies;
    return {
      onEnd: onGuestEnd,
      onGuestReset: () => {
        monitor.emit('vm', 'rebooting');
        monitor.emit('vm', 'rebooted');
      },
      onGuestPanic: () => monitor.emit('guest', 'panic'),
      onDeviceGone: (id) => slots.release(id),
    };
  }

  async #dial(port: number) {
    if (this.#dependencies.faults().vsockRefuse?.includes(port)) return undefined;
    return this.#vm?.machine.dial(port);
  }

  info() {
    const config = this.#created();
    return {
      config,
      state: this.#vm?.state ?? 'Created',
      memory_actual_size: this.#vm?.ramBytes ?? config.memory.size,
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

  /** Writes a paused VM to a folder, given as a `file://` address; it stays paused. */
  async snapshot(url: string): Promise<void> {
    const vm = this.#running();
    const { monitor } = this.#dependencies;
    monitor.emit('vm', 'snapshotting');
    if (vm.state !== 'Paused') {
      const chain = 'Failed to snapshot migratable component';
      throw new VmFailure('Cannot snapshot VM', chain, 'Trying to snapshot while VM is running');
    }
    monitor.emit('vm', 'snapshotted');
    await vm.machine.writeMemory(writeSnapshot(url, this.#created()));
  }

  /** Makes the VM of a snapshot: paused, unless it is to resume. */
  async restore(url: string, resume: boolean): Promise<void> {
    if (this.#config !== undefined) throw new VmFailure('VM is already created');
    const { config, memoryFrom } = readSnapshot(url);
    const { monitor } = this.#dependencies;
    this.#config = config;
    try {
      this.#openConsoles(config);
      const vm = await this.#makeDevices(config);
      monitor.emit('vm', 'restoring');
      await this.#startMachine(config, vm, memoryFrom);
      vm.state = 'Paused';
      monitor.emit('vm', 'restored');
      if (resume) await this.resume();
    } catch (error) {
      await this.delete();
      throw error;
    }
  }

  async powerButton(): Promise<void> {
    await this.#running().machine.powerButton();
  }

  async nmi(): Promise<void> {
    await this.#running().machine.nmi();
  }

  /** The VM is made anew, as it is configured by now. When that fails there is none. */
  async reboot(): Promise<void> {
    const { monitor } = this.#dependencies;
    monitor.emit('vm', 'rebooting');
    if (this.#vm === undefined) throw new VmFailure('VM is not created');
    const config = this.#created();
    await this.#stop(this.#vm);
    try {
      this.#openConsoles(config);
      const vm = await this.#makeDevices(config);
      checkPayload(config);
      await this.#startMachine(config, vm);
      vm.state = 'Running';
    } catch (error) {
      if (this.#vm !== undefined) await this.#stop(this.#vm);
      throw error;
    }
    monitor.emit('vm', 'rebooted');
  }

  async #stop(vm: LiveVm): Promise<void> {
    this.#vm = undefined;
    this.#areConsolesOpen = false;
    vm.vsock?.close();
    await vm.machine.stop();
  }

  /** Hard stop; the configuration stays. */
  async shutdown(): Promise<void> {
    await this.#stop(this.#running());
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

  resize(to: Resize): void {
    const config = this.#created();
    if (this.#vm === undefined) {
      resizeCreated(config, to);
      return;
    }
    this.#dependencies.monitor.emit('vm', 'resizing');
    resizeRunning(config, this.#vm.ramBytes, to);
    this.#dependencies.monitor.emit('vm', 'resized');
  }

  async resizeDisk(id: string, sizeBytes: number): Promise<void> {
    this.#created();
    if (this.#vm === undefined) throw new VmFailure('Failed resizing a disk image');
    await this.#vm.machine.resizeDisk(id, sizeBytes);
  }

  /** No VM of the stand-in has zones of memory. */
  resizeZone(): never {
    this.#created();
    throw new VmFailure('Failed resizing a memory zone');
  }

  async addDisk(disk: DiskConfig): Promise<PciDeviceInfo | undefined> {
    return addDisk(this.#created(), this.#vm, disk);
  }

  async addNet(net: NetConfig): Promise<PciDeviceInfo | undefined> {
    return addNet(this.#created(), this.#vm, net);
  }

  addVsock(vsock: VsockConfig): void {
    addVsock(this.#created(), this.#vm, vsock);
  }

  addOther(list: OtherList, device: OtherDeviceConfig): void {
    addOther(this.#created(), this.#vm, list, device);
  }

  async removeDevice(id: string): Promise<void> {
    await removeDevice(this.#created(), this.#vm, id);
  }

  /** For calls that the stand-in does not do. */
  refuse(): never {
    throw new VmFailure('The stand-in for cloud-hypervisor does not do this');
  }

  #created(): VmConfig {
    if (this.#config === undefined) throw new VmFailure('VM is not created');
    return this.#config;
  }

  #running(): LiveVm {
    if (this.#vm === undefined) throw new VmFailure('VM is not running');
    return this.#vm;
  }

  #refuseTransition(from: RunState, to: RunState, ...causes: string[]): void {
    if (from === to)
      throw new VmFailure(...causes, `Invalid transition: InvalidStateTransition(${from}, ${to})`);
  }
}
