import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What one VMM may use of the host. */
export interface VmmLimits {
  /** Guest memory and the VMM's own. */
  readonly memoryBytes: number;
  /** CPU time a second, in CPUs: 1.5 is one and a half. */
  readonly cpus: number;
  /** Threads of the VMM and its helpers. */
  readonly pids: number;
}

const CONTROLLERS = ['cpu', 'memory', 'pids'] as const;
/** cpu.max: microseconds of each period. */
const PERIOD_US = 100_000;

/** cgroups v2 below one folder, one for each VMM (docs.kernel.org/admin-guide/cgroup-v2). */
export class VmmCgroups {
  readonly #parent: string;

  private constructor(parent: string) {
    this.#parent = parent;
  }

  /**
   * Makes the folder for all VMs, with the controllers that limits need.
   * @param mount where cgroup v2 is mounted
   * @returns undefined where it is not, or lacks a controller: then there are no limits
   */
  static async open(mount = '/sys/fs/cgroup'): Promise<VmmCgroups | undefined> {
    const available = await readFile(join(mount, 'cgroup.controllers'), 'utf8').catch(() => '');
    const names = available.trim().split(/\s+/);
    if (!CONTROLLERS.every((name) => names.includes(name))) return undefined;
    const parent = join(mount, 'holt');
    const wanted = CONTROLLERS.map((name) => `+${name}`).join(' ');
    await writeFile(join(mount, 'cgroup.subtree_control'), wanted);
    await mkdir(parent, { recursive: true });
    await writeFile(join(parent, 'cgroup.subtree_control'), wanted);
    return new VmmCgroups(parent);
  }

  /** Makes the VMM's folder with these limits, or puts them right. Resolves to its path. */
  async ensure(vmId: string, limits: VmmLimits): Promise<string> {
    const folder = join(this.#parent, vmId);
    await mkdir(folder, { recursive: true });
    const files = {
      'memory.max': String(limits.memoryBytes),
      // A guest's memory on the host's swap would make it slow without a word of why.
      'memory.swap.max': '0',
      // A VMM without its helper is no VM: all of it goes, and is started anew.
      'memory.oom.group': '1',
      'cpu.max': `${Math.round(limits.cpus * PERIOD_US)} ${PERIOD_US}`,
      'pids.max': String(limits.pids),
    };
    for (const [name, value] of Object.entries(files)) await writeFile(join(folder, name), value);
    return folder;
  }

  /** Removes the VMM's folder. Fine when it is gone; one that still has a process in it stays. */
  async remove(vmId: string): Promise<void> {
    await rmdir(join(this.#parent, vmId)).catch(() => {});
  }
}

const MIB = 1024 * 1024;

/**
 * The limits of a VM's VMM: what the guest was given, and room for the VMM itself. Emulation needs much more: the
 * translated code, and a thread that translates beside the one that runs.
 */
export function vmmLimitsOf(
  boot: { readonly cpus: number; readonly memoryBytes: number },
  mode: 'kvm' | 'emulated',
): VmmLimits {
  const isEmulated = mode === 'emulated';
  return {
    memoryBytes: boot.memoryBytes + (isEmulated ? 768 * MIB : 256 * MIB),
    cpus: boot.cpus + (isEmulated ? 1 : 0.5),
    pids: 128 + 8 * boot.cpus,
  };
}
