import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { VmFailure } from '../api-failure.ts';
import type { VmConfig } from '../config/vm-config.ts';
import type { Machine, MachineEnd, MachineEvents, StartMachine } from '../vm/machine.ts';
import { GuestDial } from './guest-dial.ts';
import { diskNode, qemuArgv, qmpFd } from './qemu-argv.ts';
import { Qmp, QmpError, type QmpEvent } from './qmp.ts';
import { startFailure } from './start-failure.ts';

/** What QEMU says while it dies; more is cut off. */
const stderrCharsMax = 8_192;

/**
 * Starts QEMU so that it cannot outlive this process: the kernel kills it when its parent dies, and a parent
 * that died before the kernel knew is seen by the shell's look at its own parent.
 */
function spawnQemu(argv: readonly string[]): ChildProcess {
  const guard = `[ "$PPID" = ${process.pid} ] || exit 1; exec "$@"`;
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'ignore', 'pipe'];
  stdio[qmpFd] = 'pipe';
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', guard, 'sh', ...argv], { stdio });
}

/** A guest under QEMU's software emulation, driven by QMP. */
export class QemuMachine implements Machine {
  readonly #config: VmConfig;
  readonly #child: ChildProcess;
  readonly #qmp: Qmp;
  readonly #dial: GuestDial;
  /** Commands that the guest's first run waits for. */
  #delayed: NodeJS.Timeout | undefined;

  private constructor(config: VmConfig, child: ChildProcess, qmp: Qmp) {
    this.#config = config;
    this.#child = child;
    this.#qmp = qmp;
    this.#dial = new GuestDial(qmp);
  }

  static readonly start: StartMachine = async (config, faults, events) => {
    const child = spawnQemu(qemuArgv(config, { guestPanic: faults.guestPanic ?? false }));
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-stderrCharsMax);
    });
    let isGuestShutdown = false;
    const onEvent = (event: QmpEvent) => {
      if (event.event === 'SHUTDOWN' && event.data?.reason === 'guest-shutdown') isGuestShutdown = true;
      announce(event, events);
    };
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      child.once('error', (error) => {
        stderr += error.message;
        resolve();
      });
    });
    try {
      const qmp = await Qmp.open(child.stdio[qmpFd] as Duplex, onEvent);
      const machine = new QemuMachine(config, child, qmp);
      await machine.#firstRun(faults.bootDelayMs ?? 0);
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

  async reset(): Promise<void> {
    await this.#run('system_reset');
    await this.#run('cont');
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
    const index = (this.#config.disks ?? []).findIndex((disk) => disk.id === id);
    if (index === -1) {
      throw new VmFailure(
        'Error from device manager',
        `Failed to find device corresponding to the given identifier: ${id}`,
      );
    }
    await this.#run('block_resize', { 'node-name': diskNode(index), size: sizeBytes });
  }

  async counters(): Promise<Record<string, Record<string, number>>> {
    const result: Record<string, Record<string, number>> = {};
    const stats = (await this.#run('query-blockstats', { 'query-nodes': false })) as {
      qdev?: string;
      stats: { rd_bytes: number; wr_bytes: number; rd_operations: number; wr_operations: number };
    }[];
    for (const [index, disk] of (this.#config.disks ?? []).entries()) {
      const found = stats.find(({ qdev }) => qdev?.includes(`/blk${index}/`))?.stats;
      if (disk.id === undefined || found === undefined) continue;
      result[disk.id] = {
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
