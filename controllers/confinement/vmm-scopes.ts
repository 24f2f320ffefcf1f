import type { VmmLimits, VmmResources } from './vmm-limits.ts';

/** systemd knows OOMPolicy= of scopes since this version (its NEWS). */
const OOM_POLICY_VERSION = 253;

/**
 * A transient systemd scope for each VMM, where systemd runs the host. A VMM that stayed in the service of the node
 * controller would be killed with it at each restart (KillMode=control-group, systemd.kill(5)); in a scope it lives
 * on. The scope also is its cgroup: systemd is the only writer there (https://systemd.io/CGROUP_DELEGATION).
 */
export class VmmScopes implements VmmResources {
  readonly areWhole: boolean;
  readonly #systemdVersion: number;

  /**
   * @param systemdVersion as `systemd-run --version` says
   * @param hasCgroupV2 without it systemd can hold the limits only in part
   */
  constructor(systemdVersion: number, hasCgroupV2: boolean) {
    this.#systemdVersion = systemdVersion;
    this.areWhole = hasCgroupV2;
  }

  /**
   * `systemd-run --scope` registers itself and becomes the program, so that the pid is the VMM's. The name is the
   * VM's: while one VMM of it lives, systemd refuses another.
   */
  async prepare(vmId: string, limits: VmmLimits): Promise<readonly string[]> {
    const properties = [
      `MemoryMax=${limits.memoryBytes}`,
      // A guest's memory on the host's swap would make it slow without a word of why.
      'MemorySwapMax=0',
      `CPUQuota=${Math.round(limits.cpus * 100)}%`,
      `TasksMax=${limits.pids}`,
      // A VMM without its helper is no VM: all of it goes, and is started anew.
      ...(this.#systemdVersion >= OOM_POLICY_VERSION ? ['OOMPolicy=kill'] : []),
    ];
    return [
      ...['systemd-run', '--scope', '--quiet', '--collect', '--slice=holt.slice'],
      `--unit=${scopeOf(vmId)}`,
      `--description=Holt VMM of ${vmId}`,
      ...properties.map((property) => `--property=${property}`),
      '--',
    ];
  }

  /** Nothing to do: systemd removes a scope with its last process. */
  async release(): Promise<void> {}
}

/** Name of the unit. @param vmId `vm-` and 12 hexadecimal digits */
export function scopeOf(vmId: string): string {
  return `holt-${vmId}.scope`;
}
