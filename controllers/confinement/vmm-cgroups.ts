import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmmLimits, VmmResources } from './vmm-limits.ts';

const CONTROLLERS = ['cpu', 'memory', 'pids'] as const;
/** cpu.max: microseconds of each period. */
const PERIOD_US = 100_000;

/** Before all else: in the mount namespace that `ip netns exec` makes, /sys shows no cgroups. */
const ENTER = 'echo $$ >"$0" && exec "$@"';

/** cgroups v2 below one folder, one for each VMM (docs.kernel.org/admin-guide/cgroup-v2). */
export class VmmCgroups implements VmmResources {
  readonly areWhole = true;
  readonly #parent: string;

  private constructor(parent: string) {
    this.#parent = parent;
  }

  /** Whether cgroup v2 is mounted there, with the controllers that limits need. */
  static async isThere(mount: string): Promise<boolean> {
    const available = await readFile(join(mount, 'cgroup.controllers'), 'utf8').catch(() => '');
    const names = available.trim().split(/\s+/);
    return CONTROLLERS.every((name) => names.includes(name));
  }

  /**
   * Makes the folder for all VMs, with the controllers that limits need.
   * @param mount where cgroup v2 is mounted
   * @returns undefined where it is not, or lacks a controller: then there are no limits
   */
  static async open(mount: string): Promise<VmmCgroups | undefined> {
    if (!(await VmmCgroups.isThere(mount))) return undefined;
    const parent = join(mount, 'holt');
    const wanted = CONTROLLERS.map((name) => `+${name}`).join(' ');
    await writeFile(join(mount, 'cgroup.subtree_control'), wanted);
    await mkdir(parent, { recursive: true });
    await writeFile(join(parent, 'cgroup.subtree_control'), wanted);
    return new VmmCgroups(parent);
  }

  /** Makes the VMM's folder with these limits, or puts them right. */
  async prepare(vmId: string, limits: VmmLimits): Promise<readonly string[]> {
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
    return ['sh', '-c', ENTER, join(folder, 'cgroup.procs')];
  }

  /** Removes the VMM's folder. Fine when it is gone; one that still has a process in it stays. */
  async release(vmId: string): Promise<void> {
    await rmdir(join(this.#parent, vmId)).catch(() => {});
  }
}
