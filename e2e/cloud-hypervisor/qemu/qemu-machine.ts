import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { osErrorText, VmFailure } from '../api-failure.ts';
import type { DiskConfig, NetConfig } from '../config/device-config.ts';
import type { VmConfig } from '../config/vm-config.ts';
import type { Counters } from '../vm/counters.ts';
import type { Machine, MachineEnd, MachineEvents, StartMachine } from '../vm/machine.ts';
import { findDisk } from '../vm/resize-disk-file.ts';
import { GuestDial } from './guest-dial.ts';
import { HotPlug } from './hot-plug.ts';
import { readMachine, writeMachine } from './migration.ts';
import { diskDevice, diskNode, incomingFd, qemuArgv, qmpFd } from './qemu-argv.ts';
import { Qmp, QmpError, type QmpEvent } from './qmp.ts';
import { startFailure } from './start-failure.ts';

/** What QEMU says while it dies; more is cut off. */
const stderrCharsMax = 8_192;

/**
 * Starts QEMU so that it cannot outlive this process: the kernel kills it when its parent dies, and a parent
 * that died before the kernel knew is seen by the shell's look at its own parent.
 */
function spawnQemu(argv: readonly string[], isRestored: boolean): ChildProcess {
  const guard = `[ "$PPID" = ${process.pid} ] || exit 1; exec "$@"`;
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'ignore', 'pipe'];
  stdio[qmpFd] = 'pipe';
  if (isRestored) stdio[incomingFd] = 'pipe';
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', guard, 'sh', ...argv], { stdio });
}

/** A guest under QEMU's software emulation, driven by QMP. */
export class QemuMachine implements Machine {
  readonly #config: VmConfig;
  readonly #child: ChildProcess;
  readonly #qmp: Qmp;
  readonly #dial: GuestDial;
  readonly #hotPlug: HotPlug;
  /** Ids of the disks that were there at boot, in QEMU's order. */
  readonly #bootDisks: readonly (string | undefined)[];
  /** Commands that the guest's first run waits for. */
  #delayed: NodeJS.Timeout | undefined;

  private constructor(config: VmConfig, child: ChildProcess, qmp: Qmp, events: MachineEvents) {
    this.#config = config;
    this.#bootDisks = (config.disks ?? []).map(({ id }) => id);
    this.#hotPlug = new HotPlug(qmp, events.onDeviceGone);
    this.#child = child;
    this.#qmp = qmp;
    this.#dial = new GuestDial(qmp);
  }

  static readonly start: StartMachine = async (config, { faults, events, memoryFrom }) => {
    const isRestored = memoryFrom !== undefined;
    const argv = qemuArgv(config, { guestPanic: faults.guestPanic ?? false, isRestored });
    const child = spawnQemu(argv, isRestored);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-stderrCharsMax);
    });
    let isGuestShutdown = false;
    const onEvent = (event: QmpEvent) => {
      if (event.event === 'SHUTDOWN' && event.data?.reason === 'guest-shutdown') isGuestShutdown = true;
      if (event.event === 'DEVICE_DELETED') void started?.onDeviceDeleted(event);
      announce(event, events);
    };
    let started: QemuMachine | undefined;
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      child.once('error', (error) => {
        stderr += error.message;
        resolve();
      });
    });
    try {
      const qmp = await Qmp.open(child.stdio[qmpFd] as Duplex, onEvent);
      const machine = new QemuMachine(config, child, qmp, events);
      started = machine;
      if (memoryFrom === undefined) await machine.#firstRun(faults.bootDelayMs ?? 0);
      else await readMachine(qmp, child.stdio[incomingFd] as Duplex, memoryFrom);
      void ended.then(() => {
        if (machine.#isStopping) return;
        const end: MachineEnd = isGuestShutdown ? 'guest-shutdown' : 'died';
        events.onEnd(end, stderr.trim());
      });
      return machine;
    } catch (error) {
      child.kill('SIGKILL');
      await ended;
      throw startFailure(config, stderr, error instanceof Error ? error.message : String(error));
    }
  };

  #isStopping = false;

  async #firstRun(delayMs: number): Promise<void> {
    if (delayMs === 0) await this.#qmp.run('cont');
    else this.#delayed = setTimeout(() => void this.#qmp.run('cont').catch(() => {}), delayMs);
  }

  async pause(): Promise<void> {
    await this.#run('stop');
  }

  async resume(): Promise<void> {
    await this.#run('cont');
  }

  async powerButton(): Promise<void> {
    await this.#run('system_powerdown');
  }

  async nmi(): Promise<void> {
    await this.#run('inject-nmi');
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#delayed);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async resizeDisk(id: string, sizeBytes: number): Promise<void> {
    findDisk(this.#config, id);
    await this.#run('block_resize', { 'node-name': this.#namesOf(id).node, size: sizeBytes });
  }

  /** QEMU's names of a disk's image and device. */
  #namesOf(id: string): { node: string; qdev: string } {
    const plugged = this.#hotPlug.find(id);
    if (plugged !== undefined) return { node: plugged.backend, qdev: plugged.qdev };
    const index = this.#bootDisks.indexOf(id);
    return { node: diskNode(index), qdev: diskDevice(index) };
  }

  addDisk(disk: DiskConfig): Promise<void> {
    return this.#hotPlug.addDisk(disk);
  }

  addNet(net: NetConfig): Promise<void> {
    return this.#hotPlug.addNet(net);
  }

  removeDevice(id: string): Promise<void> {
    return this.#hotPlug.remove(id);
  }

  /** Devices that were added since boot would be in other places at the restore: refused. */
  async writeMemory(path: string): Promise<void> {
    if (!this.#hotPlug.isEmpty) {
      const why =
        'The stand-in for cloud-hypervisor writes out no VM with devices that were added while it runs';
      throw new VmFailure('Cannot send VM snapshot', why);
    }
    try {
      await writeMachine(this.#qmp, path);
    } catch (error) {
      const detail = error instanceof QmpError ? error.message : osErrorText(error);
      throw new VmFailure('Cannot send VM snapshot', detail);
    }
  }

  async onDeviceDeleted({ data }: QmpEvent): Promise<void> {
    if (typeof data?.device === 'string') await this.#hotPlug.onDeleted(data.device);
  }

  async counters(): Promise<Counters> {
    const result: Counters = {};
    const stats = (await this.#run('query-blockstats', { 'query-nodes': false })) as {
      qdev?: string;
      stats: { rd_bytes: number; wr_bytes: number; rd_operations: number; wr_operations: number };
    }[];
    for (const { id } of this.#config.disks ?? []) {
      if (id === undefined) continue;
      const found = stats.find(({ qdev }) => qdev?.includes(`/${this.#namesOf(id).qdev}/`))?.stats;
      if (found === undefined) continue;
      result[id] = {
        read_bytes: found.rd_bytes,
        write_bytes: found.wr_bytes,
        read_ops: found.rd_operations,
        write_ops: found.wr_operations,
      };
    }
    for (const net of this.#config.net ?? []) {
      if (net.id !== undefined && net.tap !== undefined) result[net.id] = tapCounters(net.tap);
    }
    return result;
  }

  dial(port: number) {
    return this.#dial.dial(port);
  }

  async #run(command: string, parameters?: Record<string, unknown>): Promise<unknown> {
    try {
      return await this.#qmp.run(command, parameters);
    } catch (error) {
      if (error instanceof QmpError) throw new VmFailure('Error from device manager', error.message);
      throw error;
    }
  }
}

function announce({ event, data }: QmpEvent, events: MachineEvents): void {
  if (event === 'RESET' && data?.guest === true) events.onGuestReset();
  if (event === 'GUEST_PANICKED') events.onGuestPanic();
}

/** The tap's own figures, seen from the guest: what the tap received, the guest sent. */
function tapCounters(tap: string): Record<string, number> {
  const read = (name: string) => {
    try {
      return Number(readFileSync(`/sys/class/net/${tap}/statistics/${name}`, 'utf8'));
    } catch {
      return 0;
    }
  };
  return {
    rx_bytes: read('tx_bytes'),
    rx_frames: read('tx_packets'),
    tx_bytes: read('rx_bytes'),
    tx_frames: read('rx_packets'),
  };
}
